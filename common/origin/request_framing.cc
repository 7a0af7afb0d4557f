#include "common/origin/request_framing.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace ingress::origin {
namespace {

constexpr std::string_view kContentLength = "Content-Length";
constexpr std::string_view kTransferEncoding = "Transfer-Encoding";
constexpr std::string_view kTe = "TE";

std::optional<uint64_t> parse_length(std::string_view text) {
  uint64_t length = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), length);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return length;
}

}  // namespace

Result<RequestFraming> request_framing(const http::Fields& fields, bool end) {
  const auto ambiguous = fail(ErrorCode::kBadRequest, Side::kClient, "the request's body is framed ambiguously");
  RequestFraming framing;
  std::optional<uint64_t> length;
  for (const http::Field& field : fields) {
    if (field.name.size() == kContentLength.size() && http::iequals(field.name, kContentLength)) {
      if (length) return ambiguous;
      length = parse_length(field.value);
      if (!length) return ambiguous;
    } else if (field.name.size() == kTransferEncoding.size() && http::iequals(field.name, kTransferEncoding)) {
      return ambiguous;
    } else if (field.name.size() == kTe.size() && http::iequals(field.name, kTe)) {
      framing.te = true;
    }
  }
  if (end && length.value_or(0) > 0) return ambiguous;
  if (end) return framing;
  framing.body =
      length ? http::BodyFraming{http::BodyKind::kLength, *length} : http::BodyFraming{http::BodyKind::kChunked, 0};
  return framing;
}

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS" ||
         method == "TRACE";
}

}  // namespace ingress::origin
