// Opens many TLS tunnels to a broker and holds them, idle, until it is told to stop: the load of the idle figures.
// With `again`, tunnels that are lost are dialled again as agents do: a fleet whose broker restarts. Says when all are
// up. hold_tunnels ADDRESS PORT CA_FILE SERVER_NAME MACHINE_PREFIX COUNT TOKEN [again]
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "agent/session/reconnect_schedule.h"
#include "common/base/deadline.h"
#include "common/tls/digest.h"
#include "common/tls/tls_context.h"
#include "common/tls/tls_session.h"
#include "common/transport/connection.h"
#include "common/tunnel/session.h"
#include "common/tunnel_link/connection_sink.h"
#include "common/uv/file_limit.h"
#include "common/uv/loop.h"
#include "common/uv/signal_watch.h"
#include "common/uv/socket.h"
#include "common/uv/timer.h"
#include "proto/tunnel.pb.h"

namespace ingress {
namespace {

struct Plan {
  uv::Address address;
  std::string server_name;
  std::string machine_prefix;
  std::string token;
  size_t count = 0;
  bool again = false;
};

class Holder;

// Ends with the iteration in which it was lost.
struct LostTunnel final : uv::Buryable {
  std::unique_ptr<transport::Connection> connection;
  std::unique_ptr<tunnel_link::ConnectionSink> sink;
  std::unique_ptr<tunnel::Session> session;
};

class HeldTunnel final : public transport::ConnectionHandler, public tunnel::SessionHandler, private DeadlineHandler {
 public:
  HeldTunnel(Holder& holder, size_t number);

  void tick();

 private:
  void connect();
  void on_socket(Result<std::unique_ptr<uv::Socket>> socket);
  void on_ready() override;
  void on_data(MutableBytes bytes) override;
  void on_end() override { on_closed({}); }
  void on_closed(const Error& error) override;
  void on_welcome(const tunnel::pb::Welcome& welcome) override;
  void on_goaway(const tunnel::pb::Goaway&) override { on_closed({}); }
  void on_deadline(Deadline&) override { connect(); }
  void dial_after(Duration pause);
  void on_refused(const tunnel::pb::Refused& refused) override;
  void on_failed(const Error& error) override { on_closed(error); }

  Holder& holder_;
  size_t number_;
  const std::string instance_ = tls::random_bytes(16);
  agent::ReconnectSchedule schedule_;
  Deadline retry_;
  Duration spread_{0};
  bool up_ = false;
  std::unique_ptr<uv::Connecting> connecting_;
  std::unique_ptr<transport::Connection> connection_;
  std::unique_ptr<tunnel_link::ConnectionSink> sink_;
  std::unique_ptr<tunnel::Session> session_;
};

class Holder {
 public:
  static constexpr size_t kAtOnce = 64;

  Holder(Plan plan, std::unique_ptr<tls::ClientContext> context)
      : plan_(std::move(plan)),
        context_(std::move(context)),
        ticker_(loop_, [this] { tick(); }),
        terminate_(loop_, SIGTERM, [] { std::_Exit(0); }) {
    ticker_.start(Duration{1000}, Duration{1000});
    for (size_t i = 0; i < kAtOnce; ++i) open_next();
  }

  void run() { loop_.run(); }
  void open_next() {
    if (tunnels_.size() < plan_.count) tunnels_.push_back(std::make_unique<HeldTunnel>(*this, tunnels_.size()));
  }
  void opened() {
    if (++open_ == plan_.count) std::fprintf(stderr, "holding %zu\n", open_);
    open_next();
  }
  void lost() { --open_; }
  double random() { return std::uniform_real_distribution<double>(0, 1)(engine_); }
  [[noreturn]] static void give_up(const std::string& why) {
    std::fprintf(stderr, "hold_tunnels: %s\n", why.c_str());
    std::_Exit(1);
  }

  uv::Loop& loop() { return loop_; }
  const Plan& plan() const { return plan_; }
  const tls::ClientContext& context() const { return *context_; }

 private:
  void tick() {
    for (const auto& tunnel : tunnels_) tunnel->tick();
  }

  uv::Loop loop_;
  Plan plan_;
  std::unique_ptr<tls::ClientContext> context_;
  std::vector<std::unique_ptr<HeldTunnel>> tunnels_;
  uv::Timer ticker_;
  uv::SignalWatch terminate_;
  size_t open_ = 0;
  std::minstd_rand engine_;
};

HeldTunnel::HeldTunnel(Holder& holder, size_t number)
    : holder_(holder),
      number_(number),
      schedule_([&holder] { return holder.random(); }),
      retry_(holder.loop().deadlines(), *this) {
  connect();
}

void HeldTunnel::connect() {
  connecting_ =
      uv::Connecting::connect(holder_.loop(), holder_.plan().address,
                              [this](Result<std::unique_ptr<uv::Socket>> socket) { on_socket(std::move(socket)); });
}

void HeldTunnel::on_socket(Result<std::unique_ptr<uv::Socket>> socket) {
  if (!socket) {
    if (!holder_.plan().again) Holder::give_up("cannot connect");
    return dial_after(schedule_.after_failure(holder_.loop().now()));
  }
  connection_ = std::make_unique<transport::Connection>(
      holder_.loop(), std::move(*socket), tls::TlsSession::connect(holder_.context(), holder_.plan().server_name),
      Side::kTunnel);
  connection_->set_handler(this);
  connection_->start();
}

void HeldTunnel::on_ready() {
  sink_ = std::make_unique<tunnel_link::ConnectionSink>(*connection_);
  session_ = std::make_unique<tunnel::Session>(tunnel::Role::kAgent, *this, *sink_, tunnel::SessionLimits{},
                                               holder_.loop().now());
  tunnel::pb::Hello hello;
  hello.add_versions(1);
  hello.set_machine(holder_.plan().machine_prefix + std::to_string(number_));
  hello.set_token(holder_.plan().token);
  hello.set_instance(instance_);
  hello.set_agent_version("hold_tunnels");
  hello.set_initial_window_bytes(tunnel::SessionLimits{}.initial_window_bytes);
  session_->send_hello(hello);
}

void HeldTunnel::on_data(MutableBytes bytes) { session_->receive(bytes, holder_.loop().now()); }

void HeldTunnel::on_welcome(const tunnel::pb::Welcome& welcome) {
  up_ = true;
  spread_ = Duration{welcome.reconnect_spread_ms()};
  schedule_.up(holder_.loop().now());
  holder_.opened();
}

void HeldTunnel::dial_after(Duration pause) { retry_.arm(holder_.loop().now() + pause); }

void HeldTunnel::on_refused(const tunnel::pb::Refused& refused) { Holder::give_up("refused: " + refused.message()); }

void HeldTunnel::on_closed(const Error& error) {
  if (connection_ == nullptr) return;
  if (!holder_.plan().again) Holder::give_up(std::string("tunnel lost: ") + error.context);
  connection_->set_handler(nullptr);
  connection_->abort();
  auto lost = std::make_unique<LostTunnel>();
  lost->connection = std::move(connection_);
  lost->sink = std::move(sink_);
  lost->session = std::move(session_);
  holder_.loop().bury(std::move(lost));
  const Time now = holder_.loop().now();
  if (std::exchange(up_, false)) {
    holder_.lost();
    return dial_after(schedule_.after_loss(now, spread_));
  }
  dial_after(schedule_.after_failure(now));
}

void HeldTunnel::tick() {
  if (session_ != nullptr) session_->tick(holder_.loop().now());
}

int hold(char** argv) {
  uv::raise_file_limit();
  Plan plan;
  plan.address.ip = argv[1];
  plan.address.port = std::atoi(argv[2]);
  plan.server_name = argv[4];
  plan.machine_prefix = argv[5];
  plan.count = static_cast<size_t>(std::atoi(argv[6]));
  plan.token = argv[7];
  plan.again = argv[8] != nullptr;
  auto context = tls::ClientContext::create(argv[3], {"iterate-tunnel/1"});
  if (!context) Holder::give_up("cannot read the CA file");
  Holder holder(plan, std::move(*context));
  holder.run();
  return 0;
}

}  // namespace
}  // namespace ingress

int main(int argc, char** argv) {
  if (argc != 8 && (argc != 9 || std::string_view(argv[8]) != "again")) {
    std::fprintf(stderr, "usage: hold_tunnels ADDRESS PORT CA_FILE SERVER_NAME MACHINE_PREFIX COUNT TOKEN [again]\n");
    return 2;
  }
  return ingress::hold(argv);
}
