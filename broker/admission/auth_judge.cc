#include "broker/admission/auth_judge.h"

#include "broker/admission/credentials.h"
#include "broker/admission/jwt_check.h"
#include "broker/admission/rewriting.h"
#include "broker/admission/share_pass.h"

namespace ingress::broker {
namespace {

constexpr Error kUnauthorized{ErrorCode::kUnauthorized, Side::kClient, false, 0, "the policy wants to know who asks"};
constexpr Error kOver{ErrorCode::kRouteExpired, Side::kClient, false, 0, "the time of the share link is over"};
constexpr Error kFollow{ErrorCode::kUnauthorized, Side::kClient, false, 0, "a share link was followed"};

void drop_authorization(bool pass, Terms& terms) {
  if (!pass) terms.remove_fields.emplace_back("authorization");
}

// One way after the other.
struct Trial {
  const AuthParts& parts;
  const Asked& asked;
  const AuthPlace& place;
  Terms& terms;
  Refusals& refusals;

  Tried operator()(Auth word) {
    if (word == Auth::kPublic) return Tried::kYes;
    if (word == Auth::kShare && place.path != nullptr) return by_share();
    return Tried::kNo;
  }

  Tried by_share() {
    const ShareVerdict verdict =
        judge_share(asked, {place.machine, place.project, place.port, *place.path}, place.share, place.frameable);
    if (verdict.outcome == ShareOutcome::kFollow) refusals.follow(verdict.target, verdict.cookie);
    if (verdict.outcome == ShareOutcome::kExpired) refusals.expired();
    if (verdict.outcome != ShareOutcome::kIn) {
      refusals.challenge("Cookie realm=\"share link\"");
      return Tried::kNo;
    }
    terms.share = verdict.share;
    if (verdict.expires_at != 0 && (terms.expires_at == 0 || verdict.expires_at < terms.expires_at)) {
      terms.expires_at = verdict.expires_at;
    }
    if (!verdict.target.empty()) terms.target = verdict.target;
    return Tried::kYes;
  }

  Tried operator()(const BasicAuth& basic) {
    if (lets_in(basic, asked.head.fields)) {
      drop_authorization(basic.pass, terms);
      return Tried::kYes;
    }
    refusals.challenge("Basic realm=\"" + basic.realm + "\", charset=\"UTF-8\"");
    return Tried::kNo;
  }

  Tried operator()(const BearerAuth& bearer) {
    if (lets_in(bearer, asked.head.fields)) {
      drop_authorization(bearer.pass, terms);
      return Tried::kYes;
    }
    const bool shown = !credentials_of(asked.head.fields, "Bearer").empty();
    refusals.challenge(shown ? "Bearer error=\"invalid_token\"" : "Bearer");
    return Tried::kNo;
  }

  Tried operator()(const JwtAuth& jwt) {
    const std::string_view shown = credentials_of(asked.head.fields, "Bearer");
    const std::string_view in_cookie =
        jwt.cookie.empty() ? std::string_view() : cookie_of(asked.head.fields, jwt.cookie);
    if (shown.empty() && in_cookie.empty()) {
      refusals.challenge("Bearer");
      return Tried::kNo;
    }
    const std::shared_ptr<const KeySet> keys = parts.keys->now(jwt);
    if (keys == nullptr) return Tried::kAsk;
    const char* problem = "";
    for (const std::string_view token : {shown, in_cookie}) {
      if (token.empty()) continue;
      JwtVerdict verdict =
          check_jwt(jwt, *keys, token, asked.now, [this](std::string_view name) { return place.captures.value(name); });
      if (verdict.good) return by_token(jwt, std::move(verdict.fields));
      problem = verdict.problem;
    }
    refusals.challenge("Bearer error=\"invalid_token\", error_description=\"" + std::string(problem) + "\"");
    return Tried::kNo;
  }

  Tried by_token(const JwtAuth& jwt, FieldList fields) {
    drop_authorization(jwt.pass, terms);
    for (auto& field : fields) terms.set_fields.push_back(std::move(field));
    return Tried::kYes;
  }

  Tried operator()(const ForwardAuth&) { return Tried::kAsk; }
};

}  // namespace

void Refusals::follow(std::string_view target, std::string cookie) {
  follow_ = Instead{
      kFollow,
      302,
      {{"Location", local_path(target)}, {"Set-Cookie", std::move(cookie)}, {"Referrer-Policy", "no-referrer"}}};
}

Instead Refusals::told() const {
  if (follow_) return *follow_;
  if (server_) return *server_;
  if (expired_) return {kOver, 0, {}};
  if (challenges_.empty()) return {kPolicyDenies, 0, {}};
  Instead instead{kUnauthorized, 0, {}};
  for (const std::string& challenge : challenges_) instead.fields.emplace_back("WWW-Authenticate", challenge);
  return instead;
}

Tried try_way(const AuthWay& way, const AuthParts& parts, const Asked& asked, const AuthPlace& place, Terms& terms,
              Refusals& refusals) {
  return std::visit(Trial{parts, asked, place, terms, refusals}, way);
}

// As browsers send it: they never put a body, an Upgrade or credentials into one (Fetch, 4.8).
bool is_preflight(const Asked& asked) {
  if (asked.head.method != "OPTIONS" || asked.upgrade || asked.has_body) return false;
  const auto has = [&asked](std::string_view name) { return http::find_field(asked.head.fields, name) != nullptr; };
  return has("Origin") && has("Access-Control-Request-Method") && !has("Cookie") && !has("Authorization");
}

}  // namespace ingress::broker
