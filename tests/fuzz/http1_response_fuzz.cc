// The first byte says what was asked for; the rest are raw bytes of an origin's connection, up to its end.
#include "common/http/forward_rules.h"
#include "tests/fuzz/http1_fuzz.h"

using namespace ingress;
using namespace ingress::http;
using namespace ingress::http::test;

namespace {

void check_rewritten(const std::vector<Message>& messages, const Asked& asked) {
  ByteBuffer out;
  for (const Message& message : messages) {
    write_response_head(out, message.status, message.reason, to_fields(message.fields), {});
  }
  append_body(messages.back(), out);
  const Transcript again =
      read_response(as_text(out.view()), asked, whole, {.head_bytes = 1 << 20, .field_count = 1 << 10});
  std::vector<Message> expected = messages;
  for (size_t i = 0; i < expected.size() && again.messages.size() == expected.size(); ++i) {
    if (expected[i].minor_version == 1) continue;
    // It is written as HTTP/1.1, where connections stay open.
    expected[i].minor_version = 1;
    expected[i].keep_alive = again.messages[i].keep_alive;
  }
  require(again.error.empty() && again.messages == expected, "a rewritten response is another one", again.text());
}

void check_forwarded(const Message& message) {
  ResponseHead head;
  head.status = message.status;
  head.reason = message.reason;
  head.fields = to_fields(message.fields);
  Scratch scratch;
  Fields fields;
  forward_response_fields(head, {"192.0.2.1", "https", "a.example", 443}, {.target_port = 3000}, scratch, fields);
  for (const char* name : {"Connection", "Transfer-Encoding", "Keep-Alive", "Proxy-Connection"}) {
    require(find_field(fields, name) == nullptr, "a hop-by-hop field was forwarded", name);
  }
  if (message.kind == BodyKind::kLength) {
    require(find_field(fields, "Content-Length") != nullptr, "the body's length was lost");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const Asked asked{(data[0] & 1) != 0, (data[0] & 2) != 0};
  const std::string_view raw = as_text({data + 1, size - 1});
  const uint64_t seed = hash_of(raw);
  check_second_reader(raw, Sender::kOrigin);
  const ReaderLimits limits = limits_for(seed);
  const Transcript expected = read_response(raw, asked, whole, limits);
  for (const Sizer& cut : cuts_of(raw, seed)) {
    require_equal(expected, read_response(raw, asked, cut, limits, seeded(seed + 2)), "cutting changed what was read");
  }
  if (!expected.error.empty()) return 0;
  check_rewritten(expected.messages, asked);
  for (const Message& message : expected.messages) check_forwarded(message);
  return 0;
}
