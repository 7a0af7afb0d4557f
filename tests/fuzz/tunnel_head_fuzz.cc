// OPEN, HEAD and TRAILERS: what decodes is encoded to the same bytes again (there is one encoding of each head, but for
// a connect limit of 0, which means that there is none), and holds nothing that could split a message.
#include <vector>

#include "common/tunnel/head_codec.h"
#include "tunnel_fuzz.h"

namespace ingress::tunnel {
namespace {

using fuzz::require;

void check_text(std::string_view text) {
  for (const char c : text) require(c != '\r' && c != '\n' && c != '\0');
}

void check_fields(const http::Fields& fields) {
  for (const http::Field& field : fields) {
    require(!field.name.empty());
    check_text(field.name);
    require(field.name.find_first_of(" \t:") == std::string_view::npos);
    check_text(field.value);
  }
}

void check_same(Bytes payload, const ByteBuffer& again, size_t flags_at) {
  require(again.size() == payload.size());
  if (payload.empty()) return;
  for (size_t i = 0; i < payload.size(); ++i) require(i == flags_at || again.data()[i] == payload[i]);
}

void check_open(Bytes payload) {
  OpenHead head;
  uint32_t grant = 0;
  if (!decode_open(payload, head, grant)) return;
  require(head.port >= 1 && head.port <= 65535);
  check_text(head.request.method);
  check_text(head.request.target);
  require(!head.request.method.empty() && !head.request.target.empty());
  require(head.request.target.find(' ') == std::string_view::npos);
  check_fields(head.request.fields);
  ByteBuffer again;
  require(encode_open(head, grant, true, again) == EncodeStatus::kGood);
  std::vector<uint8_t> expected(payload.begin(), payload.end());
  if ((payload[1] & 0x02) != 0 && head.connect_limit.count() == 0)
    expected.erase(expected.begin() + 8, expected.begin() + 12);
  check_same(expected, again, 1);
}

void check_head(Bytes payload) {
  http::ResponseHead head;
  uint32_t grant = 0;
  if (!decode_head(payload, head, grant)) return;
  require(head.status >= 100 && head.status <= 999);
  check_text(head.reason);
  check_fields(head.fields);
  ByteBuffer again;
  require(encode_head(head, grant, again) == EncodeStatus::kGood);
  check_same(payload, again, 2);
}

void check_trailers(Bytes payload) {
  http::Fields fields;
  if (!decode_trailers(payload, fields)) return;
  check_fields(fields);
  ByteBuffer again;
  require(encode_trailers(fields, again) == EncodeStatus::kGood);
  check_same(payload, again, payload.size());
}

}  // namespace
}  // namespace ingress::tunnel

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ingress;
  tunnel::fuzz::Input input(Bytes{data, size});
  const uint8_t which = input.byte();
  tunnel::fuzz::Payload payload(input.rest());
  if (payload.span().size() > tunnel::kMaxHeadBytes) return 0;
  switch (which % 3) {
    case 0:
      tunnel::check_open(payload.span());
      break;
    case 1:
      tunnel::check_head(payload.span());
      break;
    default:
      tunnel::check_trailers(payload.span());
      break;
  }
  return 0;
}
