#include "broker/admin/tokens.h"

#include "broker/admin/object_reader.h"
#include "broker/admin/page.h"
#include "broker/admin/record_json.h"
#include "common/tls/digest.h"

namespace ingress::broker::admin {

void Tokens::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/machines/{id}/tokens";
  constexpr std::string_view kOne = "/v1/machines/{id}/tokens/{token}";
  router.add(
      "GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); }, Audience::kProjects,
      Takes::kQuery);
  router.add(
      "GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); }, Audience::kProjects);
  api_.add_change(router, "POST", kAll, [this](const RequestPtr& request) { return create(request); });
  api_.add_change(router, "DELETE", kOne, [this](const RequestPtr& request) { return remove(request); });
}

void Tokens::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  if (const auto bad = query.finish()) return reply(*bad);
  using Found = std::optional<std::vector<Token>>;
  api_.read<Found>(
      reply,
      [page, request](Tables& tables) -> Found {
        const std::string& id = request->params[0];
        const std::optional<Machine> machine = tables.machine(id);
        if (!machine || !sees(request->role, machine->owner)) return std::nullopt;
        return tables.tokens_page(id, page.cursor, page.asked());
      },
      [page, request](const Found& rows) {
        if (!rows) return not_found("machine", request->params[0]);
        return page_answer(
            *rows, page, [](const Token& token) -> const std::string& { return token.id; },
            [](const Token& token) { return token_json(token).closed(); });
      });
}

tl::expected<Operation, Answer> Tokens::create(const RequestPtr& request) {
  const std::string secret = "itk_" + new_secret();
  Token token;
  token.id = new_id("tok_");
  token.machine = request->params[0];
  token.sha256 = tls::sha256_hex(secret);
  token.created_at = unix_seconds();
  ObjectReader in(request->body);
  in.text("label", token.label);
  if (auto bad = in.finish()) return tl::unexpected(std::move(*bad));
  return Operation{[token](Editor& editor) { return editor.put(PutToken{token}); },
                   [token, secret] {
                     JsonObject object = token_json(token);
                     object.text("token", secret);
                     return created_answer("/v1/machines/" + token.machine + "/tokens/" + token.id,
                                           std::move(object).take(), token_json(token).closed());
                   }};
}

void Tokens::get(const RequestPtr& request, const Reply& reply) {
  using Found = std::optional<Token>;
  api_.read<Found>(
      reply,
      [request](Tables& tables) -> Found {
        const std::optional<Machine> machine = tables.machine(request->params[0]);
        if (!machine || !sees(request->role, machine->owner)) return std::nullopt;
        return tables.token(request->params[0], request->params[1]);
      },
      [request](const Found& token) {
        if (!token) return not_found("token", request->params[1]);
        return resource_answer(200, token_json(*token).closed(), token_json(*token).closed());
      });
}

tl::expected<Operation, Answer> Tokens::remove(const RequestPtr& request) {
  return Operation{[request](Editor& editor) -> std::optional<Answer> {
                     DeleteToken change{request->params[0], request->params[1]};
                     if (auto refused = editor.check(change)) return refused;
                     const std::optional<Token> token = editor.tables().token(change.machine, change.id);
                     const auto record = token ? std::optional(token_json(*token).closed()) : std::nullopt;
                     if (auto changed = check_if_match(*request, record)) return changed;
                     return editor.put(std::move(change));
                   },
                   no_content};
}

}  // namespace ingress::broker::admin
