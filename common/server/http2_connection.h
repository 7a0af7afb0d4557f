// The server's side of one HTTP/2 connection: its session on a transport::Connection, an exchange for each stream.
//
// It is always read, for what a stream's reader does not take is bounded by that stream's window; but not while the
// client takes none of our frames and many wait. What the streams send is taken out of the session as the connection
// takes it. A client that closes its side has left. Ownership: made by Http2Server, which owns it; it is buried when
// its connection has closed. Thread: the loop's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/deadline.h"
#include "common/http/http2_server.h"
#include "common/server/http1_connection.h"
#include "common/server/http2_exchange.h"
#include "common/transport/connection.h"

namespace ingress::server {

class Http2Server;

class Http2Connection final : public uv::Buryable,
                              private uv::Flushable,
                              private transport::ConnectionHandler,
                              private http::Http2SessionHandler,
                              private DeadlineHandler {
 public:
  // How long a client may take to answer that it knows that we drain.
  static constexpr Duration kDrainRoundTrip{1000};
  // Connection's output that waits for the kernel before streams wait.
  static constexpr size_t kCongestedBytes = size_t{128} * 1024;
  static constexpr size_t kMostWaitingFrames = 256;

  Http2Connection(Http2Server& server, std::unique_ptr<transport::Connection> connection);
  ~Http2Connection() override;

  // Bytes that came before this was made.
  void receive(MutableBytes bytes) { on_data(bytes); }
  // Cuts the connection; its exchanges are aborted, soon.
  void cut() { connection_->abort(); }
  // Since when it has waited for a request; nothing while one is answered or its head comes.
  std::optional<Time> waiting_since() const;
  // Closes, for another connection: it waits.
  void give_way();
  // No further request; closes once the last exchange is over.
  void drain();

  // For its exchanges:
  void flush_soon();
  void deliver_soon(Http2Exchange& exchange);
  void retire(Http2Exchange& exchange);
  // Ends the whole connection where the client takes none of its output.
  bool close_where_stuck();
  const transport::Connection& connection() const { return *connection_; }
  RequestAcceptor& acceptor();
  const ConnectionOptions& options() const;
  uv::Loop& loop();
  std::string_view client_ip() const { return client_ip_; }
  bool is_tls() const { return tls_; }

 private:
  // transport::ConnectionHandler
  size_t read_limit() override;
  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_drained() override;
  void on_closed(const Error& error) override;
  // http::Http2SessionHandler
  void on_stream_request(http::Http2Stream& stream, const http::RequestHead& head,
                         const http::Http2Request& request) override;
  void on_stream_unreadable(http::Http2Stream& stream, const http::RequestHead& head, const Error& error) override;
  // uv::Flushable
  void flush() override;
  // DeadlineHandler
  void on_deadline(Deadline& deadline) override;

  Http2Exchange& take_exchange();
  void write_output();
  void watch_idle();
  void close_when_flushed(const Error& error);

  Http2Server& server_;
  std::unique_ptr<transport::Connection> connection_;
  std::string client_ip_;
  http::Http2ServerSession session_;
  std::vector<std::unique_ptr<Http2Exchange>> exchanges_;
  std::vector<Http2Exchange*> spare_;
  std::vector<Http2Exchange*> to_deliver_;
  Deadline deadline_;  // idle, or in a header section, or draining
  bool tls_;
  bool served_ = false;  // a request has come
  bool draining_ = false;
  bool closing_ = false;
  enum class Watch : uint8_t { kNone, kIdle, kHead, kDrain } watch_ = Watch::kNone;
};

}  // namespace ingress::server
