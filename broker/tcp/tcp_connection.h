// One raw connection of a client to a port of a machine. First an HTTP exchange, until the agent has connected; then
// both sides' bytes. Private to broker/tcp.
#pragma once

#include <memory>
#include <string>

#include "broker/tcp/tcp_connects.h"
#include "common/tunnel_link/opaque_relay.h"

namespace ingress::broker::tcp {

class TcpConnection final : public uv::Buryable, public tunnel_link::OpaqueRelay<CarriedStream> {
 public:
  TcpConnection(TcpConnects& owner, TcpTarget target, TcpCaller caller);
  ~TcpConnection() override;

  // Opens the stream. nullptr where it has answered an error already.
  server::RequestHandler* start(server::Responder& responder);
  // Its token is no longer good, or the broker waits no longer.
  void end();
  const TcpTarget& target() const { return target_; }
  const TcpCaller& caller() const { return caller_; }

 private:
  // The exchange while the agent connects. (Both interfaces have functions of the same name.)
  class Asking final : public server::RequestHandler {
   public:
    explicit Asking(TcpConnection& connection) : connection_(connection) {}
    void on_body(MutableBytes, bool) override {}
    void on_trailers(const http::Fields&) override {}
    size_t allowance() override { return 0; }
    void on_drained() override {}
    void on_aborted(const Error&) override { connection_.client_left(); }

   private:
    TcpConnection& connection_;
  };

  void client_left();
  // OpaqueRelay
  void on_head(const http::ResponseHead& head, bool end) override;
  tunnel::ResetCode lost_code() const override { return tunnel::ResetCode::kCancelled; }
  void on_not_begun(const Error& error, tunnel::ResetCode code) override;
  void on_over() override;
  void answer(const Error& error);

  TcpConnects& owner_;
  TcpTarget target_;
  TcpCaller caller_;
  Asking asking_;
  server::Responder* responder_ = nullptr;  // until it is answered
  Time since_;
  bool began_ = false;
};

}  // namespace ingress::broker::tcp
