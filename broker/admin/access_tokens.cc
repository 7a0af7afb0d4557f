#include "broker/admin/access_tokens.h"

#include <algorithm>

#include "broker/admin/object_reader.h"
#include "broker/admin/page.h"
#include "broker/admin/record_json.h"
#include "broker/model/expiry.h"
#include "broker/model/ids.h"
#include "common/tls/digest.h"

namespace ingress::broker::admin {
namespace {

constexpr std::string_view kPrefix = "at_";

struct MadeToken {
  AccessToken token;
  std::string secret;
};

MadeToken make_token() {
  MadeToken made;
  made.token.id = new_id(kPrefix);
  made.token.created_at = unix_seconds();
  made.secret = "i" + made.token.id + "_" + new_secret();
  made.token.sha256 = tls::sha256_hex(made.secret);
  return made;
}

Answer shown_once(const AccessToken& token, const std::string& secret) {
  JsonObject object = access_token_json(token);
  object.text("token", secret);
  return created_answer("/v1/tokens/" + token.id, std::move(object).take(), access_token_json(token).closed());
}

// A machine that is named by its alias is named by its id from now on: a connection is held against that.
std::string by_id(const std::string& text, Tables& tables) {
  const std::optional<Role> role = parse_role(text);
  if (!role || role->kind != RoleKind::kTcp) return text;
  const std::string id = tables.machine_of_alias(alias_of(role->machine));
  return id.empty() ? text : tcp_role_text(id, role->port);
}

// A token turns once: what it ends with is its own end or its overlap's, and which of the two is not kept.
std::optional<Answer> check_turns(const AccessToken& token, int64_t now) {
  const std::string name = "access token \"" + token.id + "\" ";
  if (is_over(token.expires_at, now)) return problem(409, "conflict", name + "is over: make another one");
  if (token.rotated) return problem(409, "conflict", name + "was rotated already: rotate the one that came of it");
  return std::nullopt;
}

}  // namespace

std::string_view access_token_id(std::string_view secret) {
  if (!secret.starts_with("iat_")) return {};
  const std::string_view rest = secret.substr(1);
  return rest.substr(0, rest.find('_', kPrefix.size()));
}

void AccessTokens::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/tokens";
  constexpr std::string_view kOne = "/v1/tokens/{id}";
  router.add(
      "GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); }, Audience::kBroker,
      Takes::kQuery);
  router.add("GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); });
  api_.add_change(router, "POST", kAll, [this](const RequestPtr& request) { return create(request); });
  api_.add_change(router, "POST", "/v1/tokens/{id}/rotate",
                  [this](const RequestPtr& request) { return rotate(request); });
  api_.add_change(router, "DELETE", kOne, [this](const RequestPtr& request) { return remove(request); });
}

void AccessTokens::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  if (const auto bad = query.finish()) return reply(*bad);
  api_.read<std::vector<AccessToken>>(
      reply, [page](Tables& tables) { return tables.access_tokens_page(page.cursor, page.asked()); },
      [page](const std::vector<AccessToken>& rows) {
        return page_answer(
            rows, page, [](const AccessToken& token) -> const std::string& { return token.id; },
            [](const AccessToken& token) { return access_token_json(token).closed(); });
      });
}

void AccessTokens::get(const RequestPtr& request, const Reply& reply) {
  using Found = std::optional<AccessToken>;
  api_.read<Found>(
      reply, [request](Tables& tables) { return tables.access_token(request->params[0]); },
      [request](const Found& token) {
        if (!token) return not_found("access token", request->params[0]);
        return resource_answer(200, access_token_json(*token).closed(), access_token_json(*token).closed());
      });
}

tl::expected<Operation, Answer> AccessTokens::create(const RequestPtr& request) {
  const auto made = std::make_shared<MadeToken>(make_token());
  AccessToken& token = made->token;
  ObjectReader in(request->body);
  in.required("role", token.role);
  if (in.good() && !parse_role(token.role))
    in.refuse("role", "is none of read, write, project:SLUG, tcp:MACHINE:PORT and tcp:MACHINE:*");
  in.text("label", token.label);
  in.expiry(token.created_at, token.expires_at);
  in.refuse_over(token.created_at, token.expires_at);
  if (auto bad = in.finish()) return tl::unexpected(std::move(*bad));
  return Operation{[made](Editor& editor) {
                     made->token.role = by_id(made->token.role, editor.tables());
                     return editor.put(PutAccessToken{made->token});
                   },
                   [made] { return shown_once(made->token, made->secret); }};
}

// Another one for the same, and the old one for `overlap` seconds more.
tl::expected<Operation, Answer> AccessTokens::rotate(const RequestPtr& request) {
  constexpr int kUsualOverlap = 3600;
  constexpr int kMostOverlap = 30 * 86400;
  int overlap = kUsualOverlap;
  ObjectReader in(request->body);
  in.integer("overlap", overlap);
  if (overlap < 0 || overlap > kMostOverlap) in.refuse("overlap", "is a number of seconds from 0 to 2592000");
  if (auto bad = in.finish()) return tl::unexpected(std::move(*bad));
  const auto made = std::make_shared<MadeToken>(make_token());
  return Operation{[request, made, overlap](Editor& editor) -> std::optional<Answer> {
                     if (auto refused = editor.check(PutAccessToken{made->token})) return refused;
                     std::optional<AccessToken> old = editor.tables().access_token(request->params[0]);
                     if (!old) return not_found("access token", request->params[0]);
                     if (auto refused = check_turns(*old, made->token.created_at)) return refused;
                     made->token.role = old->role;
                     made->token.label = old->label;
                     made->token.expires_at = old->expires_at;
                     old->rotated = true;
                     const int64_t end = made->token.created_at + overlap;
                     old->expires_at = old->expires_at == 0 ? end : std::min(old->expires_at, end);
                     if (auto refused = editor.put(PutAccessToken{std::move(*old)})) return refused;
                     return editor.put(PutAccessToken{made->token});
                   },
                   [made] { return shown_once(made->token, made->secret); }};
}

tl::expected<Operation, Answer> AccessTokens::remove(const RequestPtr& request) {
  return Operation{[request](Editor& editor) -> std::optional<Answer> {
                     DeleteAccessToken change{request->params[0]};
                     if (auto refused = editor.check(change)) return refused;
                     const std::optional<AccessToken> token = editor.tables().access_token(change.id);
                     const auto record = token ? std::optional(access_token_json(*token).closed()) : std::nullopt;
                     if (auto changed = check_if_match(*request, record)) return changed;
                     return editor.put(std::move(change));
                   },
                   no_content};
}

}  // namespace ingress::broker::admin
