// A server on a real loop and a raw client beside it: what the tests of common/server stand on.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/server/http1_server.h"
#include "common/tls/tls_session.h"
#include "common/transport/connection.h"
#include "common/uv/socket.h"
#include "common/uv/timer.h"

namespace ingress::server {

// Sends bytes as they are and keeps all that comes.
class RawClient final : private uv::SocketHandler {
 public:
  RawClient(uv::Loop& loop, const uv::Address& address);

  void send(std::string_view text);
  void finish() { socket_->shutdown(); }
  void leave() { socket_.reset(); }
  void stop_reading() { socket_->pause_read(); }
  void read_on() { socket_->start_read(); }
  // One piece, and then no more.
  void read_once() {
    once_ = true;
    socket_->start_read();
  }
  // By RST.
  void break_off() {
    socket_->reset_on_close();
    socket_.reset();
  }
  bool connected() const { return socket_ != nullptr; }
  bool ended() const { return ended_; }
  const std::string& received() const { return received_; }
  size_t count(std::string_view text) const;

 private:
  void on_read(MutableBytes bytes) override {
    received_.append(as_text(bytes));
    if (once_) socket_->pause_read();
  }
  void on_read_end() override { ended_ = true; }
  void on_failed(const Error&) override { ended_ = true; }
  void on_write_drained() override {}

  std::unique_ptr<uv::Connecting> connecting_;
  std::unique_ptr<uv::Socket> socket_;
  std::string unsent_;
  std::string received_;
  bool once_ = false;
  bool ended_ = false;
};

// What the acceptor was asked and how it is to answer.
class ScriptedAcceptor final : public RequestAcceptor {
 public:
  // A handler that records; answers are given by the test through `responder`.
  struct Exchange final : RequestHandler {
    Responder* responder = nullptr;
    std::string method;
    std::string target;
    std::string body;
    std::string trailers;
    size_t credit = SIZE_MAX;
    bool ended = false;
    bool aborted = false;
    Error abort_error;
    int drained = 0;
    bool holding = false;
    mutable int calls = 0;             // of the codec, all kinds
    std::function<void()> on_bytes{};  // called once, from inside the next on_body

    void on_body(MutableBytes payload, bool end) override;
    void on_trailers(const http::Fields& fields) override;
    size_t allowance() override {
      ++calls;
      return credit;
    }
    void on_drained() override {
      ++calls;
      ++drained;
    }
    bool holds_up() const override {
      ++calls;
      return holding;
    }
    bool on_silent(const Error&) override {
      ++calls;
      return false;
    }
    void on_aborted(const Error& error) override;
    void answer(int status, std::string_view body, http::Fields fields = {});
    void data(std::string_view text, bool end);
  };

  RequestHandler* on_request(Responder& responder, const http::RequestHead& head, const RequestInfo& info) override;
  http::ErrorAnswer on_unreadable(const Error& error, const server::UnreadableRequest& request) override;

  std::vector<std::unique_ptr<Exchange>> exchanges;
  // Called after a request's head was recorded; may answer at once.
  std::function<void(Exchange&)> on_head;
};

// A head with a Content-Length of 10.
void begin_ten(ScriptedAcceptor::Exchange& exchange);
// Each answers with such a head and ends the exchange with that length broken.
using Breach = std::function<void(ScriptedAcceptor::Exchange&)>;
const std::vector<Breach>& breaches();

class Loopback {
 public:
  explicit Loopback(ConnectionOptions options = {});
  ~Loopback();

  std::unique_ptr<RawClient> client();
  // Runs the loop until the condition holds; false after ten seconds.
  bool run_until(const std::function<bool()>& condition);
  ScriptedAcceptor& acceptor() { return acceptor_; }
  Http1Server& server() { return server_; }
  uv::Loop& loop() { return loop_; }

 private:
  uv::Loop loop_;
  ScriptedAcceptor acceptor_;
  Http1Server server_;
  std::unique_ptr<uv::Listener> listener_;
};

}  // namespace ingress::server
