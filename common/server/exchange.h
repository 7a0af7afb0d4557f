// One request of a client and its answer, whatever the codec: what stands between a client connection (HTTP/1.1) or a
// stream of one (HTTP/2) and whoever answers (the broker's forwarder, the agent's port 8080, the admin API).
//
// Life: the codec calls RequestAcceptor::on_request, which returns the RequestHandler of this exchange (owned by the
// acceptor's side) or nullptr when it has answered whole already. The exchange is over, the Responder gone and the
// handler called no more, when the answer's end has been given, whether or not what was given is whole (after a 101:
// when both sides have ended), after Responder::abort or reset, and after on_aborted. That holds also from inside
// on_request: the handler that it returns then is never called. Calls on a Responder never call back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "common/base/byte_buffer.h"
#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/http/error_answer.h"
#include "common/http/head.h"
#include "common/transport/connection.h"
#include "common/transport/peer_progress.h"

namespace ingress::server {

// What the codec knows of a request beside its head. Views are valid as the head is.
struct RequestInfo {
  std::string_view client_ip;
  bool tls = false;
  bool end = false;      // no body follows
  bool upgrade = false;  // the client asks for an Upgrade that may be passed on
  bool http2 = false;    // its head came as frames of HTTP/2
  FineTime read_at{};    // when its head was read
  // What a trusted proxy said, by whom the request came; empty and 0 where there is none.
  std::string_view forwarded_for{};  // the whole X-Forwarded-For, the proxy's own address at its end
  std::string_view public_host{};    // the Host that the client sent
  int public_port = 0;               // that the client came to
  bool behind_proxy = false;         // the connection, or the request, came by a trusted proxy

  // RFC 8441. No 2xx with content answers it.
  bool extended_connect() const { return upgrade && http2; }
};

// The way back to the client. Backpressure: everything given is taken; a producer stops while congested() and goes on
// at RequestHandler::on_drained (the mark is 8 KiB that the kernel did not take).
class Responder {
 public:
  // A 1xx head (ends nothing; dropped for HTTP/1.0), a 101 (only where RequestInfo::upgrade; opaque bytes follow both
  // ways), or the final head. The fields hold no hop-by-hop field but Upgrade (with 101). The framing is the codec's:
  // by Content-Length where there is one, else chunked, else by the connection's end. False where the head can't be
  // sent (a malformed Content-Length; a 2xx to an HTTP/2 client's extended CONNECT): nothing was written and another
  // head may be sent.
  virtual bool send_head(const http::ResponseHead& head, bool end) = 0;
  // kHeadroomBytes before the payload are overwritten. A body that is longer or shorter than its Content-Length cuts
  // the connection, or resets the stream. Seen before the end: on_aborted comes later, unless the end is given first
  // (what is given until then goes nowhere). Seen with the end: that is the exchange's, and on_aborted does not come.
  // With `end`, the rest of the request, if any, is not wanted.
  virtual void send_data(MutableBytes payload, bool end) = 0;
  // An end, as of send_data.
  virtual void send_trailers(const http::Fields& trailers) = 0;
  virtual bool congested() const = 0;
  // Some of the answer that was handed over is not with the client's kernel yet, for the client's sake.
  virtual bool answer_waits() const { return congested(); }
  // The handler's allowance() grew from 0: who was waited for has moved.
  virtual void resume_body() = 0;
  // Cuts the answer so that the client can see that it is not complete. The handler gets no further call.
  virtual void abort() = 0;
  // The same, also before a head, by an RST_STREAM of that code. False where the client does not speak HTTP/2: nothing
  // was done.
  virtual bool reset(uint8_t http2_code) {
    static_cast<void>(http2_code);
    return false;
  }
  // The connection ends with this answer. Before its head. (HTTP/2: it goes on; a stream is never mistaken for
  // another.)
  virtual void close_after_answer() = 0;
  // What is left of the request, if anything, is not wanted: the connection ends with this answer, and its head says so
  // (HTTP/2: it goes on). Before its head.
  virtual void drop_rest_of_request() = 0;
  // Answers with this head, a 101 or a 2xx to CONNECT, behind which there is no HTTP any more, and gives the connection
  // up, not reading: the exchange is over. What was read behind the request is put into `begun` (from inside on_request
  // it is lost: for a client that waits for the answer). nullptr, with nothing done, for HTTP/2, and where the client
  // has closed its side.
  virtual std::unique_ptr<transport::Connection> take_over(const http::ResponseHead& head, ByteBuffer& begun) {
    static_cast<void>(head);
    static_cast<void>(begun);
    return nullptr;
  }
  // The answer's bytes so far, for the log: body bytes as the origin counts them.
  virtual uint64_t body_bytes_sent() const = 0;
  // Whether the client has taken something of the answer since the last look with the same `seen`. System calls: for
  // who finds silence, not for each byte.
  virtual bool client_took(transport::PeerProgress& seen) const {
    static_cast<void>(seen);
    return false;
  }

 protected:
  ~Responder() = default;
};

class RequestHandler {
 public:
  // A piece of the body (at most allowance() bytes), valid until the call returns, kHeadroomBytes of scratch before it;
  // empty only with `end`. After a 101: the client's bytes, and `end` is its half-close.
  virtual void on_body(MutableBytes payload, bool end) = 0;
  // Ends the body.
  virtual void on_trailers(const http::Fields& trailers) = 0;
  // Body bytes welcome now; with 0 the client is not read until Responder::resume_body.
  virtual size_t allowance() = 0;
  // congested() was true and no longer is.
  virtual void on_drained() = 0;
  // It is the handler that holds the exchange up (it waits for its machine, or its rate is used up), for a time of its
  // own: no silence of anybody. Responder::resume_body follows.
  virtual bool holds_up() const { return false; }
  // No byte came or went for too long, and no head of an answer was sent. `error` says by whose fault (silent_side).
  // True where it is answered, by the Responder; with false on_aborted follows.
  virtual bool on_silent(const Error& error) {
    static_cast<void>(error);
    return false;
  }
  // The client left, broke the protocol or was silent for too long. The last call.
  virtual void on_aborted(const Error& error) = 0;

 protected:
  ~RequestHandler() = default;
};

// Who owes the next byte of an exchange in which nothing moves: the client while its answer waits to be read, or while
// the rest of its request is welcome; else the origin, to which a request belongs that is not read on.
inline Side silent_side(const Responder& responder, bool request_ended, RequestHandler& handler) {
  const bool of_client = responder.answer_waits() || (!request_ended && handler.allowance() > 0);
  return of_client ? Side::kClient : Side::kOrigin;
}

// What was read of a request before it turned out to be none; "" for the rest. Views are valid for the call.
struct UnreadableRequest {
  std::string_view client_ip;
  std::string_view host;
  std::string_view method;
  std::string_view target;

  static UnreadableRequest of(std::string_view client_ip, const http::RequestHead& head) {
    const http::Field* host = http::find_field(head.fields, "Host");
    return {client_ip, host == nullptr ? std::string_view() : host->value, head.method, head.target};
  }
};

class RequestAcceptor {
 public:
  virtual RequestHandler* on_request(Responder& responder, const http::RequestHead& head, const RequestInfo& info) = 0;
  // The answer to a request that could not be read (400, 408, 431, 405); the connection is closed after it.
  virtual http::ErrorAnswer on_unreadable(const Error& error, const UnreadableRequest& request) = 0;

 protected:
  ~RequestAcceptor() = default;
};

// Sends a whole answer of ours: status, content type, body, Retry-After, X-Iterate-Error with the code, and `more`,
// whose Retry-After takes the place of the answer's.
void send_answer(Responder& responder, const http::ErrorAnswer& answer, const Error& error,
                 const http::Fields& more = {});
// Sends a whole answer without a body: a redirect.
void send_redirect(Responder& responder, int status, const http::Fields& fields);

}  // namespace ingress::server
