#include "common/server/exchange.h"

#include <cassert>
#include <cstring>
#include <string>
#include <vector>

#include "common/http/http1_writer.h"

namespace ingress::server {

void send_answer(Responder& responder, const http::ErrorAnswer& answer, const Error& error) {
  const std::string length = std::to_string(answer.body.size());
  const std::string retry_after = std::to_string(answer.retry_after_seconds);
  http::ResponseHead head;
  head.status = answer.status;
  head.fields = {{"Content-Type", answer.content_type},
                 {"Content-Length", length},
                 {"Cache-Control", "no-store"},
                 {"X-Iterate-Error", name_of(public_error(error).code)}};
  if (answer.retry_after_seconds > 0) head.fields.push_back({"Retry-After", retry_after});
  head.reason = http::reason_of(answer.status);
  responder.drop_rest_of_request();
  const bool sent = responder.send_head(head, answer.body.empty());
  assert(sent);
  static_cast<void>(sent);
  if (answer.body.empty()) return;
  std::vector<uint8_t> body(kHeadroomBytes + answer.body.size());
  std::memcpy(body.data() + kHeadroomBytes, answer.body.data(), answer.body.size());
  responder.send_data(MutableBytes(body).subspan(kHeadroomBytes), true);
}

}  // namespace ingress::server
