// Raw bytes of a client's connection. What is accepted is forwarded too: the forwarded request must be one request,
// with the same body, and without what may not pass.
#include "common/http/forward_rules.h"
#include "tests/fuzz/http1_fuzz.h"

using namespace ingress;
using namespace ingress::http;
using namespace ingress::http::test;

namespace {

Transcript read_again(const ByteBuffer& written) {
  // Dropped trailers and a longer spelling of the same head may not run into a limit.
  return read_requests(as_text(written.view()), whole,
                       {.head_bytes = 1 << 20, .field_count = 1 << 10, .connect = true});
}

void check_rewritten(const Message& message) {
  ByteBuffer out;
  write_request_head(out, message.method, message.target, to_fields(message.fields), {});
  append_body(message, out);
  const Transcript again = read_again(out);
  Message expected = message;
  if (message.minor_version == 0) {
    // It is written as HTTP/1.1, where a Host is needed and connections stay open.
    if (find_field(to_fields(message.fields), "Host") == nullptr) return;
    require(again.messages.size() == 1, "one HTTP/1.0 request became several", again.text());
    expected.minor_version = 1;
    expected.keep_alive = again.messages[0].keep_alive;
    expected.wants_upgrade = again.messages[0].wants_upgrade;
  }
  require(again.error.empty() && again.messages == std::vector{expected}, "a rewritten request is another one",
          again.text());
}

// `*` is a target of OPTIONS alone.
void check_asterisk(RequestHead head) {
  if (head.target != "*") return;
  head.method = "GET";
  require(!request_target(head).has_value(), "an asterisk is the target of a GET");
}

void check_forwarded(const Message& message) {
  static RandomIds ids;
  static Scratch scratch;
  scratch.clear();
  RequestHead head;
  head.method = message.method;
  head.target = message.target;
  head.minor_version = static_cast<uint8_t>(message.minor_version);
  head.fields = to_fields(message.fields);
  check_asterisk(head);
  const Result<RequestTarget> target = request_target(head);
  if (!target) {
    require(message.minor_version == 0, "a request was accepted whose host is not clear");
    return;
  }
  Fields fields;
  const Inbound inbound{"192.0.2.1", "https", target->host, 443};
  RequestRules rules{.target_port = 3000};
  if (message.body.size() % 2 == 1) rules = {HostMode::kPreserve, OriginMode::kRewrite, 3000};
  forward_request_fields(head, message.wants_upgrade, inbound, rules, ids, scratch, fields);
  ByteBuffer out;
  const HeadOptions options{.chunked = message.kind == BodyKind::kChunked, .upgrade = message.wants_upgrade};
  write_request_head(out, message.method, target->target, fields, options);
  append_body(message, out);
  const Transcript again = read_again(out);
  require(again.error.empty() && again.messages.size() == 1, "a forwarded request is not one request", again.text());
  const Message& seen = again.messages[0];
  require(seen.complete && seen.body == message.body && seen.trailers == message.trailers && seen.kind == message.kind,
          "a forwarded body is another one", again.text());
  require(!has_token(to_fields(seen.fields), "Upgrade", "h2c"), "h2c was forwarded", again.text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view raw = as_text({data, size});
  const uint64_t seed = hash_of(raw);
  check_second_reader(raw, Sender::kClient);
  ReaderLimits limits = limits_for(seed);
  limits.connect = (seed >> 52) % 2 == 1;
  const bool upgrades = (seed >> 50) % 2 == 1;
  const Transcript expected = read_requests(raw, whole, limits, whole, upgrades);
  for (const Sizer& cut : cuts_of(raw, seed)) {
    const Transcript seen = read_requests(raw, cut, limits, seeded(seed + 2), upgrades);
    require_equal(expected, seen, "cutting changed what was read");
  }
  for (const Message& message : expected.messages) {
    if (!message.complete) continue;
    check_rewritten(message);
    if (message.method != "CONNECT") check_forwarded(message);  // it is never forwarded
  }
  return 0;
}
