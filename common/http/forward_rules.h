// What a proxy changes in a head on its way (RFC 9110, 7.6; design, section 6.1). Pure functions over views; new values
// live in a Scratch. Used by the broker for clients' requests and by the agent for its own port 8080.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/http/head.h"

namespace ingress::http {

enum class HostMode : uint8_t { kRewrite, kPreserve };
enum class OriginMode : uint8_t { kPreserve, kRewrite };

// Text that a rewritten head points into. Reused from request to request; clear() keeps its memory. Views into it are
// stable until clear().
class Scratch {
 public:
  std::string_view add(std::string_view text);                          // a copy
  std::string_view add(std::initializer_list<std::string_view> parts);  // a concatenation
  void clear();

 private:
  // Blocks never move.
  struct Block {
    std::unique_ptr<char[]> memory;
    size_t size = 0;
  };
  char* reserve(size_t size) {
    if (current_ >= blocks_.size() || blocks_[current_].size - used_ < size) make_room(size);
    char* const at = blocks_[current_].memory.get() + used_;
    used_ += size;
    return at;
  }
  // Goes on to a block that has room.
  void make_room(size_t size);

  std::vector<Block> blocks_;
  size_t current_ = 0;  // the block that is being filled; the ones behind it are empty
  size_t used_ = 0;     // of that block
};

// The connection that a request came in by.
struct Inbound {
  std::string_view client_ip;
  std::string_view scheme;  // "https" or "http"
  std::string_view host;    // the Host as the client sent it (absolute-form: its authority), port included
  int port = 0;             // for X-Forwarded-Port: the Host's port, else the scheme's default
  // Behind a proxy that is believed; else empty.
  std::string_view forwarded_for{};  // X-Forwarded-For as it goes on, instead of client_ip
  std::string_view public_host{};    // the Host that the client sent to the proxy

  // What the client calls this site.
  std::string_view shown_host() const { return public_host.empty() ? host : public_host; }
};

struct RequestRules {
  HostMode host = HostMode::kRewrite;
  OriginMode origin = OriginMode::kPreserve;
  int target_port = 0;      // Host and Origin become localhost:PORT
  bool target_tls = false;  // an Origin has the scheme https then
};

// Source of random ids (traceparent, X-Request-Id): 64 random bits a call; need not be cryptographic.
class RandomIds {
 public:
  RandomIds();  // seeded by the kernel
  uint64_t next();

 private:
  uint64_t state_[4];
};

// What a request is told apart by: the trace id of its `traceparent` (32 hexadecimal digits) and its X-Request-Id.
struct RequestIds {
  std::string_view trace_id;
  std::string_view request_id;
};
// Those of a client, where they are good; "" where there is none.
RequestIds ids_of(const Fields& fields);

// Builds in `out` the fields to forward, in the order they came:
// - drops hop-by-hop fields (Connection and what it names, Keep-Alive, Proxy-Connection, Proxy-Authenticate,
//   Proxy-Authorization, TE but `trailers`, Transfer-Encoding, Upgrade unless `upgrade`), never forwards h2c in Upgrade
//   and HTTP2-Settings; Host and Content-Length stay, whatever Connection names;
// - drops what no client may send: Forwarded, X-Real-IP, X-Forwarded-*, X-Iterate-*, identity headers (Remote-User,
//   Remote-Email…, X-Remote-*, X-Forwarded-User…, X-Auth-Request-*, X-Authenticated-*), and all their underscore
//   spellings;
// - Host as `rules.host` says, in its place; Origin and Referer as `rules.origin` says where they are same-site (their
//   host equals inbound.host, case-insensitive, default ports ignored);
// - adds X-Forwarded-For/-Host/-Proto/-Port as `inbound` says, X-Iterate-Proxy-Via (the inbound Host), traceparent and
// X-Request-Id where
//   the request has none that is good (one of 1 to 128 visible ASCII bytes, one of W3C's format). A tracestate
//   without a good traceparent is dropped.
// Returns the ids that the request goes on with, as views of `out`'s values.
RequestIds forward_request_fields(const RequestHead& head, bool upgrade, const Inbound& inbound,
                                  const RequestRules& rules, RandomIds& ids, Scratch& scratch, Fields& out);

// What came back: drops hop-by-hop fields (Upgrade stays with a 101 and a 426) and, of a 1xx or 204, Content-Length;
// maps a Location / Content-Location at http(s)://localhost:PORT, 127.0.0.1:PORT or [::1]:PORT, with or without the
// scheme, back to inbound.scheme://inbound.host, whether the Host was rewritten or not.
void forward_response_fields(const ResponseHead& head, const Inbound& inbound, const RequestRules& rules,
                             Scratch& scratch, Fields& out);

// Trailers of either direction: what a head would lose, they lose too (hop-by-hop, forwarding and identity fields, Host
// and framing), and what may not be a trailer (RFC 9110, 6.5.1).
void forward_trailers(const Fields& trailers, Fields& out);

// Drops every field that an origin may take for the one of this name (lower case): any case, `_` for `-`.
void drop_fields(Fields& fields, std::string_view lower_case_name);

// Host of a request (RFC 9112, 3.2): the authority of an absolute-form target, else the one Host field. Errors:
// kBadRequest for none (1.1), two, or a malformed target; kInvalidHost for an HTTP/1.0 request without.
struct RequestTarget {
  std::string_view host;    // with :port, as sent
  std::string_view target;  // origin-form or "*": what is forwarded
};
Result<RequestTarget> request_target(const RequestHead& head);

// kMethodNotAllowed for TRACE: an origin's answer would tell the client the fields that were added on the way (RFC
// 9110, 9.3.8).
Status check_forwarded(const RequestHead& head);

}  // namespace ingress::http
