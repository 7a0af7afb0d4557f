// What the fields of a head say about its message and its connection (RFC 9112, 6 and 9). Private to common/http.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/http/fault.h"
#include "common/http/head.h"

namespace ingress::http {

// More options than this in Connection are refused: each is held against every field.
inline constexpr int kMostConnectionOptions = 32;

struct MessageFacts {
  uint64_t content_length = 0;
  bool has_content_length = false;
  bool chunked = false;
  int host_count = 0;
  std::string_view host;
  int connection_options = 0;
  bool close = false;           // Connection: close
  bool keep_alive = false;      // Connection: keep-alive
  bool names_upgrade = false;   // Connection: upgrade
  bool has_upgrade = false;     // an Upgrade field that is not empty
  bool offers_upgrade = false;  // ...that names another protocol than h2c
};

// A fault for framing that is malformed or ambiguous, whoever sent it: a Content-Length that is not one number, two of
// them, a Transfer-Encoding but `chunked`, both, or either in a way that the version does not know.
Fault read_facts(const Fields& fields, uint8_t minor_version, MessageFacts& facts);

// "h2c", with or without a version.
bool is_h2c(std::string_view protocol);

// Framing that two readers have disagreed about: its head is read by a second one, too (is_confirmed).
inline bool is_plain(const MessageFacts& facts) { return !facts.chunked && !facts.has_upgrade; }

// The connection may carry a further message (RFC 9112, 9.3).
bool stays_open(const MessageFacts& facts, uint8_t minor_version);

}  // namespace ingress::http
