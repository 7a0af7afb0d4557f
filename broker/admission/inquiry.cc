#include "broker/admission/inquiry.h"

#include <utility>

#include "broker/admission/forward_question.h"

namespace ingress::broker {

Inquiry::Inquiry(const AuthParts& parts, const Asked& asked, const AuthPlace& place, std::vector<AuthRule> rules,
                 Terms& terms, OnDone on_done)
    : parts_(parts),
      asked_(asked),
      host_name_(asked.host_name),
      place_{std::string(place.machine), std::string(place.project), place.port, place.captures.copy()},
      rules_(std::move(rules)),
      terms_(terms),
      on_done_(std::move(on_done)) {
  asked_.host_name = host_name_;
}

Inquiry::~Inquiry() { stop(); }

void Inquiry::stop() {
  alive_.reset();
  if (const uint64_t call = std::exchange(call_, 0); call != 0) parts_.caller->cancel(call);
  if (const uint64_t keys = std::exchange(keys_, 0); keys != 0) parts_.keys->forget(keys);
}

void Inquiry::start(uv::Loop& loop) {
  loop.defer([this, watch = std::weak_ptr<bool>(alive_)] {
    if (!watch.expired()) step();
  });
}

// Goes on to the next way that has to be asked, the next rule where one has let in, or the end.
void Inquiry::step() {
  if (alive_ == nullptr) return;  // stopped while several were told the same
  while (rule_ < rules_.size()) {
    const std::vector<AuthWay>& ways = rules_[rule_].ways;
    if (way_ == ways.size()) return on_done_(refusals_.told());
    const AuthWay& way = ways[way_];
    const Tried tried = try_way(way, parts_, asked_, place(), terms_, refusals_);
    if (tried == Tried::kAsk) return ask(way);
    if (tried == Tried::kYes) {
      let_in();
    } else {
      ++way_;
    }
  }
  on_done_(std::nullopt);
}

void Inquiry::let_in() {
  ++rule_;
  way_ = 0;
  refusals_ = Refusals();
}

// They cannot be had now.
void Inquiry::pass_over_keys() {
  ++way_;
  refusals_.challenge("Bearer error=\"temporarily_unavailable\"");
}

void Inquiry::ask(const AuthWay& way) {
  if (const auto* jwt = std::get_if<JwtAuth>(&way)) {
    keys_ = parts_.keys->fetch(*jwt, [this, jwt] {
      keys_ = 0;
      if (parts_.keys->now(*jwt) == nullptr) pass_over_keys();
      step();
    });
    if (keys_ != 0) return;
    pass_over_keys();
    return step();
  }
  const auto& rule = std::get<ForwardAuth>(way);
  call_ = parts_.caller->begin(
      forward_question(rule, asked_, {place_.machine, place_.project, place_.port, place_.captures}), *parts_.targets,
      [this, &rule](const WebAnswer& answer) { on_answer(rule, answer); });
}

void Inquiry::on_answer(const ForwardAuth& rule, const WebAnswer& answer) {
  call_ = 0;
  if (std::optional<Instead> refusal = refusal_in(answer, asked_.upgrade)) {
    refusals_.by_server(std::move(*refusal));
    ++way_;
  } else {
    for (auto& field : fields_in(answer, rule)) terms_.set_fields.push_back(std::move(field));
    let_in();
  }
  step();
}

}  // namespace ingress::broker
