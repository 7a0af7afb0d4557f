#include "broker/admin/tokens.h"

#include <cstdint>

#include "broker/admin/object_reader.h"
#include "broker/admin/page.h"
#include "broker/admin/record_json.h"
#include "common/tls/digest.h"

namespace ingress::broker::admin {
namespace {

std::string base64url(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (count += 8; count >= 6; count -= 6) text += kAlphabet[bits >> (count - 6) & 63];
  }
  if (count > 0) text += kAlphabet[bits << (6 - count) & 63];
  return text;
}

}  // namespace

std::string new_secret() {
  constexpr size_t kSecretBytes = 32;
  return "itk_" + base64url(tls::random_bytes(kSecretBytes));
}

void Tokens::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/machines/{id}/tokens";
  constexpr std::string_view kOne = "/v1/machines/{id}/tokens/{token}";
  router.add("GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); });
  router.add("POST", kAll, [this](const RequestPtr& request, const Reply& reply) { create(request, reply); });
  router.add("GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); });
  router.add("DELETE", kOne, [this](const RequestPtr& request, const Reply& reply) { remove(request, reply); });
}

void Tokens::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  if (const auto bad = query.finish()) return reply(*bad);
  const std::string machine = request->params[0];
  if (api_.index().machine(machine) == nullptr) return reply(not_found("machine", machine));
  api_.with_snapshot(reply, [page, machine, reply](const Snapshot& snapshot) {
    reply(page_answer(
        snapshot.tokens, page, [](const Token& token) -> const std::string& { return token.id; },
        [&machine](const Token& token) { return token.machine == machine; },
        [](const Token& token) { return token_json(token).closed(); }));
  });
}

void Tokens::create(const RequestPtr& request, const Reply& reply) {
  const std::string secret = new_secret();
  Token token;
  token.id = new_id("tok_");
  token.machine = request->params[0];
  token.sha256 = tls::sha256_hex(secret);
  token.created_at = unix_seconds();
  ObjectReader in(request->body);
  in.text("label", token.label);
  if (const auto bad = in.finish()) return reply(*bad);
  api_.write(request, reply, {PutToken{token}}, [token, secret] {
    JsonObject object = token_json(token);
    object.text("token", secret);
    return created_answer("/v1/machines/" + token.machine + "/tokens/" + token.id, std::move(object).take(),
                          token_json(token).closed());
  });
}

void Tokens::get(const RequestPtr& request, const Reply& reply) {
  api_.with_snapshot(reply, [request, reply](const Snapshot& snapshot) {
    const Token* token = find_row(snapshot.tokens, [&request](const Token& row) {
      return row.machine == request->params[0] && row.id == request->params[1];
    });
    if (token == nullptr) return reply(not_found("token", request->params[1]));
    reply(json_answer(200, token_json(*token).closed()));
  });
}

void Tokens::remove(const RequestPtr& request, const Reply& reply) {
  const std::string machine = request->params[0];
  // Which token a tunnel showed is not kept: all of the machine's end, and agents with a good one are back at once.
  api_.write(request, reply, {DeleteToken{machine, request->params[1]}}, [this, machine] {
    api_.parts().loops->drop_machine(machine);
    return no_content();
  });
}

}  // namespace ingress::broker::admin
