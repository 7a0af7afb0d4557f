// A broker as far as an agent can tell: a TLS listener on loopback whose sessions do what the test says.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/tls/tls_context.h"
#include "common/tls/tls_session.h"
#include "common/transport/connection.h"
#include "common/tunnel/session.h"
#include "common/tunnel_link/connection_sink.h"
#include "proto/tunnel.pb.h"
#include "tests/unit/agent/session/certificates.h"

namespace ingress::agent::test {

// The tests' certificate as a --tls-dir, and their CA as a file.
class CertificateFolder {
 public:
  CertificateFolder() {
    char name[] = "/tmp/ingress_agent_XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
    std::ofstream(path + "/broker.crt") << kCertificate;
    std::ofstream(path + "/broker.key") << kKey;
    ca_file = path + "/ca.pem";
    std::ofstream(ca_file) << kCa;
  }
  ~CertificateFolder() { std::filesystem::remove_all(path); }

  std::string path;
  std::string ca_file;
};

class FakeBroker {
 public:
  // One tunnel.
  class End final : public uv::Buryable {
   public:
    End(FakeBroker& broker, std::unique_ptr<transport::Connection> connection)
        : broker_(broker),
          connection_events_(*this),
          session_events_(*this),
          connection_(std::move(connection)),
          sink_(*connection_),
          session(tunnel::Role::kBroker, session_events_, sink_, {}, connection_->loop().now()) {
      connection_->set_handler(&connection_events_);
      connection_->start();
    }
    ~End() override { lose(); }

    void welcome() {
      tunnel::pb::Welcome welcome;
      welcome.set_broker(broker_.broker_id);
      welcome.set_reconnect_spread_ms(broker_.spread_ms);
      session.send_welcome(welcome);
    }
    void refuse(tunnel::pb::Refused::Code code, bool permanent) {
      tunnel::pb::Refused refused;
      refused.set_code(code);
      refused.set_permanent(permanent);
      session.send_refused(refused);
      connection_->close_after_flush();
    }
    void goaway(tunnel::pb::Goaway::Reason reason) {
      tunnel::pb::Goaway goaway;
      goaway.set_reason(reason);
      session.send_goaway(goaway);
    }
    // As a process that was killed.
    void kill() {
      lose();
      connection_->abort();
    }

    tunnel::pb::Hello hello;
    std::vector<tunnel::pb::Event> events;
    bool gone = false;
    bool was_reset = false;
    bool agent_drains = false;

   private:
    class ConnectionEvents final : public transport::ConnectionHandler {
     public:
      explicit ConnectionEvents(End& end) : end_(end) {}
      void on_data(MutableBytes bytes) override {
        if (!end_.lost_) end_.session.receive(bytes, end_.connection_->loop().now());
      }
      void on_end() override {
        end_.lose();
        end_.connection_->close();
      }
      void on_drained() override { end_.session.on_room(); }
      void on_closed(const Error& error) override {
        end_.lose();
        end_.was_reset = error.code == ErrorCode::kReset;
        end_.gone = true;
      }

     private:
      End& end_;
    };
    class SessionEvents final : public tunnel::SessionHandler {
     public:
      explicit SessionEvents(End& end) : end_(end) {}
      void on_hello(const tunnel::pb::Hello& said) override {
        end_.hello = said;
        ++end_.broker_.hellos;
        end_.broker_.on_hello(end_);
      }
      void on_goaway(const tunnel::pb::Goaway&) override { end_.agent_drains = true; }
      void on_event(const tunnel::pb::Event& event) override { end_.events.push_back(event); }
      void on_failed(const Error&) override { end_.connection_->close(); }

     private:
      End& end_;
    };

    void lose() {
      if (lost_) return;
      lost_ = true;
      session.lost(Error{ErrorCode::kClosed, Side::kTunnel, false, 0, "gone"});
    }

    FakeBroker& broker_;
    ConnectionEvents connection_events_;
    SessionEvents session_events_;
    std::unique_ptr<transport::Connection> connection_;
    tunnel_link::ConnectionSink sink_;
    bool lost_ = false;

   public:
    tunnel::Session session;
  };

  explicit FakeBroker(uv::Loop& loop, std::vector<std::string> alpn = {"iterate-tunnel/1", "http/1.1"})
      : loop_(loop), context_(std::move(alpn)) {
    REQUIRE(context_.load(folder.path, [](const std::string&, const Error&) {}).has_value());
    listen(0);
    port = listener_->local().port;
  }

  void listen(int at_port, const char* at_ip = "127.0.0.1") {
    const uv::Address address{at_ip, at_port, ""};
    auto listener = uv::Listener::listen(loop_, address, [this](std::unique_ptr<uv::Socket> socket) {
      ++accepted;
      if (silent) return held_.push_back(std::move(socket));
      auto connection = std::make_unique<transport::Connection>(loop_, std::move(socket),
                                                                tls::TlsSession::accept(context_), Side::kTunnel);
      ends.push_back(std::make_unique<End>(*this, std::move(connection)));
    });
    REQUIRE(listener.has_value());
    listener_ = std::move(*listener);
  }
  void stop_listening() { listener_.reset(); }
  // As a broker that was killed: no listener, every connection reset.
  void kill() {
    stop_listening();
    for (const auto& end : ends) end->kill();
  }
  // Tunnels that are up.
  size_t up() const {
    return static_cast<size_t>(std::count_if(ends.begin(), ends.end(),
                                             [](const auto& end) { return !end->gone && end->session.established(); }));
  }
  End& last() { return *ends.back(); }

  CertificateFolder folder;
  std::function<void(End&)> on_hello = [](End& end) { end.welcome(); };
  std::string broker_id = "br_test";
  uint32_t spread_ms = 0;
  bool silent = false;  // accepts and says nothing
  int accepted = 0;     // connections; a handshake that a busy machine makes too slow is begun anew
  int hellos = 0;
  int port = 0;
  std::vector<std::unique_ptr<End>> ends;

 private:
  uv::Loop& loop_;
  tls::ServerContext context_;
  std::unique_ptr<uv::Listener> listener_;
  std::vector<std::unique_ptr<uv::Socket>> held_;
};

}  // namespace ingress::agent::test
