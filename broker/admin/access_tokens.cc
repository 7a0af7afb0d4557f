#include "broker/admin/access_tokens.h"

#include <algorithm>

#include "broker/admin/object_reader.h"
#include "broker/admin/page.h"
#include "broker/admin/record_json.h"
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

}  // namespace

std::string_view access_token_id(std::string_view secret) {
  if (!secret.starts_with("iat_")) return {};
  const std::string_view rest = secret.substr(1);
  return rest.substr(0, rest.find('_', kPrefix.size()));
}

void AccessTokens::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/tokens";
  constexpr std::string_view kOne = "/v1/tokens/{id}";
  router.add("GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); });
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
        return json_answer(200, access_token_json(*token).closed());
      });
}

tl::expected<Operation, Answer> AccessTokens::create(const RequestPtr& request) {
  MadeToken made = make_token();
  ObjectReader in(request->body);
  in.required("role", made.token.role);
  if (in.good() && !parse_role(made.token.role))
    in.refuse("role", "is none of read, write, project:SLUG, tcp:MACHINE:PORT and tcp:MACHINE:*");
  in.text("label", made.token.label);
  in.expiry(unix_seconds(), made.token.expires_at);
  if (auto bad = in.finish()) return tl::unexpected(std::move(*bad));
  return Operation{[token = made.token](Editor& editor) { return editor.put(PutAccessToken{token}); },
                   [made] { return shown_once(made.token, made.secret); }};
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
                     std::optional<AccessToken> old = editor.tables().access_token(request->params[0]);
                     if (!old) return not_found("access token", request->params[0]);
                     made->token.role = old->role;
                     made->token.label = old->label;
                     made->token.expires_at = old->expires_at;
                     const int64_t end = made->token.created_at + overlap;
                     old->expires_at = old->expires_at == 0 ? end : std::min(old->expires_at, end);
                     if (auto refused = editor.put(PutAccessToken{std::move(*old)})) return refused;
                     return editor.put(PutAccessToken{made->token});
                   },
                   [made] { return shown_once(made->token, made->secret); }};
}

tl::expected<Operation, Answer> AccessTokens::remove(const RequestPtr& request) {
  return Operation{[request](Editor& editor) { return editor.put(DeleteAccessToken{request->params[0]}); }, no_content};
}

}  // namespace ingress::broker::admin
