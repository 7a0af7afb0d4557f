#include "common/server/exchange.h"

#include <cassert>
#include <cstring>
#include <string>
#include <vector>

#include "common/http/http1_writer.h"

namespace ingress::server {

namespace {

void send_whole(Responder& responder, http::ResponseHead& head, std::string_view body) {
  head.reason = http::reason_of(head.status);
  responder.drop_rest_of_request();
  const bool sent = responder.send_head(head, body.empty());
  assert(sent);
  static_cast<void>(sent);
  if (body.empty()) return;
  std::vector<uint8_t> bytes(kHeadroomBytes + body.size());
  std::memcpy(bytes.data() + kHeadroomBytes, body.data(), body.size());
  responder.send_data(MutableBytes(bytes).subspan(kHeadroomBytes), true);
}

}  // namespace

void send_redirect(Responder& responder, int status, const http::Fields& fields) {
  http::ResponseHead head;
  head.status = status;
  head.fields = {{"Content-Length", "0"}, {"Cache-Control", "no-store"}};
  head.fields.insert(head.fields.end(), fields.begin(), fields.end());
  send_whole(responder, head, {});
}

void send_answer(Responder& responder, const http::ErrorAnswer& answer, const Error& error, const http::Fields& more) {
  const std::string length = std::to_string(answer.body.size());
  const std::string retry_after = std::to_string(answer.retry_after_seconds);
  http::ResponseHead head;
  head.status = answer.status;
  head.fields = {{"Content-Type", answer.content_type},
                 {"Content-Length", length},
                 {"Cache-Control", "no-store"},
                 {"X-Iterate-Error", name_of(public_error(error).code)}};
  head.fields.insert(head.fields.end(), more.begin(), more.end());
  const bool said = http::find_field(more, "Retry-After") != nullptr;
  if (answer.retry_after_seconds > 0 && !said) head.fields.push_back({"Retry-After", retry_after});
  send_whole(responder, head, answer.body);
}

}  // namespace ingress::server
