// Forward's part in which a request is judged by its policy, and watched while it runs.
#include <algorithm>
#include <ctime>
#include <utility>

#include "broker/admission/rewriting.h"
#include "broker/client/forward.h"
#include "broker/client/forward_work.h"
#include "broker/model/expiry.h"
#include "broker/routing/host_name.h"

namespace ingress::broker {
namespace {

constexpr Error kUnsettled{ErrorCode::kInternalError, Side::kInternal, true, 0,
                           "its route changed each time it was judged"};
constexpr Error kOver{ErrorCode::kRouteExpired, Side::kClient, false, 0, "its time is over"};
constexpr Error kTooLong{ErrorCode::kBodyTooLarge, Side::kClient, false, 0,
                         "the body is longer than the policy allows"};
constexpr uint8_t kMostJudgements = 4;

std::string place_of(const Resolution& found) {
  std::string place(found.machine);
  place.append(":").append(std::to_string(found.port)).append("|").append(found.route_id).append("|");
  return place.append(found.pattern).append("|").append(std::to_string(found.policy.fingerprint()));
}

std::string normalised(std::string_view host) {
  HostName name;
  return name.assign(host) ? std::string(name.text()) : std::string();
}

// The word, however it is spelled: whether an attribute has it is looked at later.
bool has_word_domain(std::string_view text) {
  constexpr std::string_view kWord = "domain";
  for (size_t at = 0; at + kWord.size() <= text.size(); ++at) {
    if (http::iequals(text.substr(at, kWord.size()), kWord)) return true;
  }
  return false;
}

bool has_cookie_domain(const http::Fields& fields) {
  return std::any_of(fields.begin(), fields.end(), [](const http::Field& field) {
    return field.name.size() == 10 && http::iequals(field.name, "Set-Cookie") && has_word_domain(field.value);
  });
}

}  // namespace

Asked Forward::asked(std::string_view target) const {
  const server::RequestInfo& info = held_.info();
  Asked asked{held_.head(), host_, admission_.host_name, target, info.client_ip};
  asked.port = public_port_;
  asked.tls = info.tls;
  asked.upgrade = info.upgrade;
  asked.has_body = !info.end && !info.upgrade;
  asked.now = std::time(nullptr);
  asked.loop_now = owner_.loop_.now();
  return asked;
}

// Good where it was let in, and where somebody is asked (then there is an inquiry).
Status Forward::admit(std::string_view target) {
  const Resolution& found = owner_.work_->resolution;
  admission_.isolates_cookies = found.policy.cookies() == CookieScope::kIsolate;
  admission_.parent_is_project = found.parent_is_project;
  admission_.expires_at = found.expires_at;
  if (found.expires_at != 0) watch_over(target);
  if (Admission::is_free(found)) {
    admission_.admitted.reset();
    return {};
  }
  std::string place = place_of(found);
  if (admission_.admitted != nullptr && place == admission_.place) return {};
  if (++admission_.judgements > kMostJudgements) return tl::unexpected(kUnsettled);
  admission_.host_name = normalised(host_);
  admission_.admitted = std::make_unique<Admitted>();
  admission_.place = std::move(place);
  Instead instead;
  const Judged judged = owner_.admission_.judge(asked(target), found, *admission_.admitted, instead, admission_.inquiry,
                                                [this](const std::optional<Instead>& refusal) { on_judged(refusal); });
  if (judged == Judged::kOut) {
    admission_.instead = std::move(instead);
    return tl::unexpected(admission_.instead->error);
  }
  if (const Terms* terms = admission_.terms(); !terms->share.empty()) watch_over(target);
  return {};
}

void Forward::watch_over(std::string_view target) {
  admission_.target.assign(target);
  owner_.watch_over(*this);
}

void Forward::on_judged(const std::optional<Instead>& refusal) {
  stop_asking();
  if (!refusal) return open_or_park();
  admission_.instead = refusal;
  fail(refusal->error);
  settle();
}

void Forward::stop_asking() {
  if (admission_.inquiry == nullptr) return;
  admission_.inquiry->stop();
  owner_.loop_.bury(std::move(admission_.inquiry));
}

void Forward::rewrite(http::Fields& fields, bool final) {
  const Terms* terms = admission_.terms();
  Forwarder::Work& work = *owner_.work_;
  if (terms != nullptr && final) {
    rewrite_answer(*terms, held_.info().tls, inbound().shown_host(), work.scratch, fields);
  } else if (terms != nullptr) {
    drop_answer_fields(*terms, fields);
  }
  isolate(fields);
}

void Forward::isolate(http::Fields& fields) const {
  if (!admission_.isolates_cookies || !has_cookie_domain(fields)) return;
  isolate_cookies(normalised(host_), admission_.parent_is_project, owner_.work_->scratch, fields);
}

// What the policy answers with, beside an error's own fields. A server that decides may set cookies no farther than the
// origin may.
http::Fields Forward::fields_instead() const {
  http::Fields fields;
  if (admission_.instead) {
    for (const auto& [name, value] : admission_.instead->fields) fields.push_back({name, value});
    owner_.work_->scratch.clear();
    isolate(fields);
  }
  add_security_fields(admission_.security, held_.info().tls, fields);
  return fields;
}

bool Forward::still_welcome(int64_t now) {
  const Terms* terms = admission_.terms();
  const RouteIndex& index = owner_.routes_.read();
  if (terms != nullptr && !terms->share.empty()) {
    const Share* share = index.share(terms->share);
    if (share == nullptr || is_over(share->expires_at, now)) return false;
  }
  if (!is_over(admission_.expires_at, now)) return true;
  // It may have been given more time.
  Resolution& found = owner_.work_->resolution;
  if (!index.resolve({host_, admission_.target, now}, found) || found.machine != machine_) return false;
  admission_.expires_at = found.expires_at;
  return true;
}

void Forward::look_at_time(int64_t now) {
  if (responder_ == nullptr || machine_.empty()) return;
  http::RequestHead line;  // the fields may have been let go
  line.method = held_.head().method;
  line.target = held_.head().target;
  line.fields = {{"Host", host_}};
  const Result<http::RequestTarget> target = http::request_target(line);
  if (!target) return;
  Resolution& found = owner_.work_->resolution;
  const Status resolved = owner_.routes_.read().resolve({host_, target->target, now}, found);
  const bool over = !resolved && resolved.error().code == ErrorCode::kRouteExpired;
  if (!over && (!resolved || found.machine != machine_)) return;
  admission_.expires_at = over ? now : found.expires_at;
  if (admission_.expires_at != 0) watch_over(target->target);
}

void Forward::cut() { on_limit(kOver); }

void Forward::on_limit(const Error& error) {
  if (stream_) stream_.abandon(tunnel::ResetCode::kCancelled);
  leave_lot();
  stop_asking();
  again_due_ = false;
  if (responder_ != nullptr) fail(error);
  settle();
}

void Forward::on_resume() {
  if (responder_ == nullptr) return;
  if (!responder_->congested()) on_drained();
  responder_->resume_body();
}

bool Forward::client_took(transport::PeerProgress& seen) const {
  return responder_ != nullptr && responder_->client_took(seen);
}

Side Forward::silent_side() {
  if (responder_ == nullptr) return Side::kOrigin;
  return server::silent_side(*responder_, request_ended_, *this);
}

// False where the exchange is over.
bool Forward::take_body(size_t bytes) {
  if (limits_ == nullptr) return true;
  if (upgraded_) {
    limits_->take_bytes(bytes);
    return true;
  }
  if (limits_->take_body(bytes)) return true;
  on_limit(kTooLong);
  return false;
}

}  // namespace ingress::broker
