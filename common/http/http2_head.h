// An HTTP/2 header section, collected field by field, and the HTTP/1.1 head that it stands for (RFC 9113, 8.3; RFC
// 8441). What nghttp2 has checked already (order and set of the pseudo-header fields, connection-specific fields, case
// of names) is not looked at again; what an HTTP/1.1 request could not say is refused here. Private to common/http.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/http/forward_rules.h"
#include "common/http/head.h"
#include "common/http/http1_limits.h"

namespace ingress::http {

class Http2HeadCollector {
 public:
  // Room that a field takes in the peer's table (RFC 7541, 4.1); counted with every field, as the advertised limit is.
  static constexpr size_t kFieldOverhead = 32;

  explicit Http2HeadCollector(const ReaderLimits& limits) : limits_(limits) {}

  void begin();
  // Keeps a field, up to the limits; what goes beyond them is counted only.
  void add(std::string_view name, std::string_view value);
  // Of all fields since begin(), with their overhead.
  size_t seen_bytes() const { return seen_bytes_; }

  // The request, as views that are valid until begin(). Errors: kHeaderTooLarge, kMethodNotAllowed (CONNECT but for
  // WebSocket), kInvalidHost, kBadRequest. On an error the head holds the method where one is known. `upgrade`: an
  // extended CONNECT for WebSocket, which becomes the GET that an HTTP/1.1 client would send.
  Status finish_request(RequestHead& head, bool& upgrade);
  Status finish_trailers(Fields& trailers);

 private:
  struct Span {
    uint32_t at = 0;
    uint32_t size = 0;
  };
  struct Kept {
    Span name;
    Span value;
  };

  Span keep(std::string_view text);
  std::string_view view(Span span) const { return std::string_view(text_).substr(span.at, span.size); }
  void take_pseudo(std::string_view name, std::string_view value);
  void add_cookie(std::string_view value);
  Status make_host(Fields& fields);
  void make_fields(Fields& fields);
  void add_upgrade(Fields& fields);

  ReaderLimits limits_;
  RandomIds ids_;
  std::string text_;
  std::string cookie_;
  std::string websocket_key_;
  std::vector<Kept> kept_;
  Span method_;
  Span authority_;
  Span path_;
  Span protocol_;
  size_t seen_bytes_ = 0;
  size_t seen_fields_ = 0;
  size_t cookie_at_ = 0;  // the place of the first crumb in kept_
  bool has_cookie_ = false;
  bool has_authority_ = false;
};

}  // namespace ingress::http
