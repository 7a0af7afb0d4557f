#include "broker/admin/login.h"

#include "broker/admin/access_tokens.h"
#include "broker/admin/json_object.h"
#include "broker/admin/object_reader.h"
#include "common/tls/digest.h"

namespace ingress::broker::admin {
namespace {

std::string name_of(const Role& role) {
  switch (role.kind) {
    case RoleKind::kFull:
      return "admin";
    case RoleKind::kWrite:
      return "write";
    case RoleKind::kRead:
      return "read";
    case RoleKind::kProject:
      return "project:" + role.project;
    case RoleKind::kTcp:
      break;
  }
  return "tcp";
}

std::string cookie_of(std::string_view value, int64_t seconds) {
  return std::string(kSessionCookie) + "=" + std::string(value) +
         "; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds);
}

void say_who(JsonObject& object, const Role& role, const std::string& actor, int64_t expires_at) {
  object.text("role", name_of(role));
  object.text("actor", actor);
  object.text_or_null("expiresAt", expires_at == 0 ? std::string() : time_text(expires_at));
}

}  // namespace

void Login::add_to(Router& router) {
  constexpr std::string_view kPath = "/v1/session";
  router.add(
      "GET", kPath, [this](const RequestPtr& request, const Reply& reply) { reply(show(request)); },
      Audience::kProjects);
  router.add(
      "POST", kPath, [this](const RequestPtr& request, const Reply& reply) { reply(open(request)); },
      Audience::kProjects);
  router.add(
      "DELETE", kPath, [this](const RequestPtr& request, const Reply& reply) { reply(close(request)); },
      Audience::kProjects);
}

Answer Login::show(const RequestPtr& request) const {
  const Session* session = sessions_.at(request->session, unix_seconds());
  JsonObject object;
  say_who(object, request->role, request->actor, session == nullptr ? 0 : session->expires_at);
  object.text("version", version_);
  return json_answer(200, std::move(object).take());
}

Answer Login::open(const RequestPtr& request) {
  std::string token;
  ObjectReader in(request->body);
  in.required("token", token);
  if (auto bad = in.finish()) return std::move(*bad);
  const Credentials by{{std::string(access_token_id(token)), tls::sha256_hex(token)}, {}};
  const std::optional<Identity> who = identify_(by);
  if (!who) return problem(401, "unauthorized", "no such token, or its time is over");
  if (who->role.kind == RoleKind::kTcp) return problem(403, "forbidden", "this token is for CONNECT alone");
  const int64_t now = unix_seconds();
  const Sessions::Opened opened = sessions_.open(by.token, now);
  JsonObject object;
  say_who(object, who->role, who->actor, opened.expires_at);
  object.text("version", version_);
  object.text("key", opened.key);
  Answer answer = json_answer(201, std::move(object).take());
  answer.fields.emplace_back("Set-Cookie", cookie_of(opened.cookie, sessions_.lifetime()));
  return answer;
}

Answer Login::close(const RequestPtr& request) {
  sessions_.close(request->session);
  Answer answer = no_content();
  answer.fields.emplace_back("Set-Cookie", cookie_of("", 0));
  return answer;
}

}  // namespace ingress::broker::admin
