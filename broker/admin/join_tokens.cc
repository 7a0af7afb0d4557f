#include "broker/admin/join_tokens.h"

#include "broker/admin/object_reader.h"
#include "broker/admin/page.h"
#include "broker/admin/record_json.h"
#include "common/tls/digest.h"

namespace ingress::broker::admin {

void JoinTokens::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/join-tokens";
  constexpr std::string_view kOne = "/v1/join-tokens/{id}";
  router.add(
      "GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); }, Audience::kProjects,
      Takes::kQuery);
  router.add(
      "GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); }, Audience::kProjects);
  api_.add_change(router, "POST", kAll, [this](const RequestPtr& request) { return create(request); });
  api_.add_change(router, "DELETE", kOne, [this](const RequestPtr& request) { return remove(request); });
}

void JoinTokens::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  RowFilter filter;
  filter.project = query.text("project");
  filter.visible_to = request->role.project;
  if (const auto bad = query.finish()) return reply(*bad);
  api_.read<std::vector<JoinToken>>(
      reply, [page, filter](Tables& tables) { return tables.join_tokens_page(page.cursor, page.asked(), filter); },
      [page](const std::vector<JoinToken>& rows) {
        return page_answer(
            rows, page, [](const JoinToken& token) -> const std::string& { return token.id; },
            [](const JoinToken& token) { return join_token_json(token).closed(); });
      });
}

void JoinTokens::get(const RequestPtr& request, const Reply& reply) {
  using Found = std::optional<JoinToken>;
  api_.read<Found>(
      reply,
      [request](Tables& tables) {
        Found token = tables.join_token(request->params[0]);
        return token && sees(request->role, token->project) ? token : std::nullopt;
      },
      [request](const Found& token) {
        if (!token) return not_found("join token", request->params[0]);
        return resource_answer(200, join_token_json(*token).closed(), join_token_json(*token).closed());
      });
}

tl::expected<Operation, Answer> JoinTokens::create(const RequestPtr& request) {
  JoinToken token;
  token.id = new_id("jt_");
  const std::string secret = token.id + "_" + new_secret();
  token.sha256 = tls::sha256_hex(secret);
  token.created_at = unix_seconds();
  token.project = request->role.project;
  std::optional<int> uses = 1;
  ObjectReader in(request->body);
  in.text_or_null("project", token.project);
  in.text("label", token.label);
  in.integer_or_null("uses", uses);
  if (uses && *uses < 1) in.refuse("uses", "is a number from 1 up, or null for any number");
  in.expiry(token.created_at, token.expires_at);
  in.refuse_over(token.created_at, token.expires_at);
  if (auto bad = in.finish()) return tl::unexpected(std::move(*bad));
  token.uses_left = uses.value_or(-1);
  return Operation{[token](Editor& editor) { return editor.put(PutJoinToken{token}); },
                   [token, secret] {
                     JsonObject object = join_token_json(token);
                     object.text("token", secret);
                     return created_answer("/v1/join-tokens/" + token.id, std::move(object).take(),
                                           join_token_json(token).closed());
                   }};
}

tl::expected<Operation, Answer> JoinTokens::remove(const RequestPtr& request) {
  return Operation{[request](Editor& editor) -> std::optional<Answer> {
                     DeleteJoinToken change{request->params[0]};
                     if (auto refused = editor.check(change)) return refused;
                     const std::optional<JoinToken> token = editor.tables().join_token(change.id);
                     const auto record = token ? std::optional(join_token_json(*token).closed()) : std::nullopt;
                     if (auto changed = check_if_match(*request, record)) return changed;
                     return editor.put(std::move(change));
                   },
                   no_content};
}

}  // namespace ingress::broker::admin
