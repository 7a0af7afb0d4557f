// Pooled connections to HTTP servers (HTTP/1.1, or HTTP/2 by prior knowledge), and one exchange over them. The agent's
// origins, and webhooks of the broker.
//
// - Connects to every address of the target in turn (127.0.0.1 and [::1] for a local port, the one that answered last
//   first); LIFO pool of idle connections, closed after `idle_limit` or `Keep-Alive: timeout=` less one second.
// - A pooled connection that turns out stale (closed or reset before any byte of an answer) is retried once on a fresh
//   one, unseen: for requests whose method is idempotent and whose body was not begun. Others take a pooled
//   connection only when it was used within the last `fresh_limit`, is seen open (nothing pending) at that moment, and
//   the origin has been seen to keep an idle one open for `trust_margin` longer: many close each after its answer,
//   unsaid.
// - HTTP/2: one connection a target carries all its exchanges, and another one where it takes no more of them. A
// request
//   that the server did not process (GOAWAY, REFUSED_STREAM), or that met a stale connection as above, is sent a second
//   time where all that was sent of it is still held. An early end of the answer, or of the exchange, is RST_STREAM.
// - Back-pressure: answer bytes are read only up to ExchangeHandler::allowance(); request bytes go through Exchange::
//   sendable().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/http/head.h"
#include "common/http/http1_reader.h"
#include "common/uv/loop.h"
#include "common/uv/socket.h"

namespace ingress::tls {
class ClientContext;
}

namespace ingress::origin {

class PoolCore;

constexpr Duration kGoodLately{60000};

struct Timeouts {
  Duration connect{60000};
  Duration idle{3600000};  // no byte in either direction of an exchange under way
  // How long a port that refuses is tried again, where it accepted connections lately (kGoodLately): a server that
  // restarts is no error.
  Duration refused_wait{0};
};

struct PoolLimits {
  size_t idle_per_target = 512;
  Duration idle_limit{60000};
  Duration fresh_limit{1000};
  Duration trust_margin{20};
  Duration settings_limit{60000};  // an HTTP/2 origin's SETTINGS come within it
  http::ReaderLimits reader = http::kAnswerLimits;
};

// kH2c: HTTP/2 in clear, by prior knowledge.
enum class Protocol : uint8_t { kHttp1, kH2c };

struct Request {
  std::string_view method;
  std::string_view target;
  const http::Fields* fields = nullptr;  // end-to-end fields, Host included, written as they are
  bool upgrade = false;
  bool end = false;  // no body follows. A body's framing is its Content-Length field, chunked where there is none.
  Protocol protocol = Protocol::kHttp1;  // what the target speaks; an Upgrade takes HTTP/1.1 whatever this says
};

class ExchangeHandler {
 public:
  // As tunnel::StreamHandler; hop-by-hop fields are still in `head`. 1xx come through.
  virtual void on_head(const http::ResponseHead& head, bool end) = 0;
  virtual void on_data(MutableBytes payload, bool end) = 0;
  virtual void on_trailers(const http::Fields& trailers) = 0;
  // How many answer bytes are welcome now; with 0 reading pauses until resume().
  virtual size_t allowance() = 0;
  // sendable() was 0 and no longer is.
  virtual void on_sendable() = 0;
  // Failed: kConnectFailed, kTimeout, kClosed/kReset, kProtocol, kTooLarge, side kOrigin. The last call.
  virtual void on_failed(const Error& error) = 0;
  // The answer is complete (and the request, or the rest of it is not wanted). The last call.
  virtual void on_complete() = 0;

 protected:
  ~ExchangeHandler() = default;
};

// One exchange. Destroying it (at any time but inside its own callbacks' use after destruction) breaks it off: the
// origin's connection is closed unless the exchange was complete.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual size_t sendable() const = 0;
  virtual void send_data(MutableBytes payload, bool end) = 0;
  virtual void send_trailers(const http::Fields& trailers) = 0;
  // allowance() grew.
  virtual void resume() = 0;
};

struct Target {
  std::vector<uv::Address> addresses;  // tried in turn; where there are none, those of `host`
  std::string host;                    // a name, resolved for each new connection where there are no addresses
  int port = 0;                        // of `host`
  std::string key;                     // connections with an equal key are interchangeable ("localhost:3000")
  // Null: in clear. Else over TLS, and the certificate is held against `host`. Outlives the pool. HTTP/1.1 alone.
  const tls::ClientContext* tls = nullptr;
};

// Says whether a target accepted connections lately (kGoodLately), where others than the pool have seen it.
using Witness = std::function<bool(const Target& target)>;

class OriginPool {
 public:
  OriginPool(uv::Loop& loop, const PoolLimits& limits);
  ~OriginPool();  // no exchange may be left
  OriginPool(const OriginPool&) = delete;
  OriginPool& operator=(const OriginPool&) = delete;

  // Starts an exchange. The handler is called later or from inside this call's successors, never from inside it.
  // `request`'s views need to be valid during the call only.
  std::unique_ptr<Exchange> start(const Target& target, const Request& request, const Timeouts& timeouts,
                                  ExchangeHandler& handler);
  // Asked for targets that are dialled and that the pool itself has not seen lately. Before the first exchange.
  void set_witness(Witness witness);
  // Connects and closes again: is anything listening?
  void probe(const Target& target, Duration timeout, std::function<void(Status)> on_done);
  // Connects, for who speaks something else than HTTP: the connection is the caller's. Calls back once, later.
  using OnConnected = std::function<void(Result<std::unique_ptr<uv::Socket>>)>;
  void connect(const Target& target, Duration timeout, OnConnected on_connected);
  void close_idle();
  size_t idle_count() const;

 private:
  std::unique_ptr<PoolCore> core_;
};

}  // namespace ingress::origin
