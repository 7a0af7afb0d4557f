// An admin server over a Unix socket, with the real store, route index and tunnel registry, on a real loop; and a
// client that speaks raw HTTP to it.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "broker/admin/admin_server.h"
#include "broker/observe/exchange_observer.h"
#include "common/tls/digest.h"
#include "common/uv/socket.h"
#include "common/uv/timer.h"

namespace ingress::broker {

struct HttpAnswer {
  int status = 0;
  std::string head;
  nlohmann::json body;
};

class RawClient final : private uv::SocketHandler {
 public:
  RawClient(uv::Loop& loop, const uv::Address& address) {
    connecting_ = uv::Connecting::connect(loop, address, [this](Result<std::unique_ptr<uv::Socket>> connected) {
      if (!connected) {
        ended = true;
        return;
      }
      socket_ = std::move(*connected);
      socket_->set_handler(this);
      socket_->start_read();
      socket_->write(as_bytes(unsent_));
    });
  }

  void send(std::string_view text) {
    if (socket_ != nullptr) {
      socket_->write(as_bytes(text));
    } else {
      unsent_ += text;
    }
  }
  void finish() { socket_->shutdown(); }
  bool connected() const { return socket_ != nullptr; }

  std::string received;
  bool ended = false;

 private:
  void on_read(MutableBytes bytes) override { received.append(as_text(bytes)); }
  void on_read_end() override { ended = true; }
  void on_failed(const Error&) override { ended = true; }
  void on_write_drained() override {}

  std::unique_ptr<uv::Connecting> connecting_;
  std::unique_ptr<uv::Socket> socket_;
  std::string unsent_;
};

class AdminFixture final : private TunnelAuthority, private LoopsView {
 public:
  AdminFixture() : routes_(routing_options()), tunnels_(loop_, {}, *this), carrier_(tunnels_) {
    std::string pattern = (std::filesystem::temp_directory_path() / "admin_test.XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    std::string problem;
    auto store = Store::open(loop_, folder_ + "/routes.db", problem);
    INFO(problem);
    REQUIRE(store);
    store_ = std::move(*store);
    store_->set_on_committed([this](const Transaction& transaction, int64_t, const auto& visible) {
      routes_.apply(transaction, visible);
      if (server_ != nullptr) server_->committed();
    });
    start();
    client_ = client();
  }
  ~AdminFixture() {
    client_.reset();
    server_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<RawClient> client() { return std::make_unique<RawClient>(loop_, address()); }
  void stop_server() { server_.reset(); }
  AdminServer& server() { return *server_; }
  std::string socket_path() const { return folder_ + "/admin.sock"; }

  // Runs the loop until the condition holds; false after half a minute.
  bool run_until(const std::function<bool()>& condition) {
    int looks = 0;
    bool reached = false;
    uv::Timer timer(loop_, [this, &condition, &looks, &reached] {
      reached = condition();
      if (reached || ++looks == 15000) loop_.stop();
    });
    timer.start(Duration{0}, Duration{2});
    loop_.run();
    return reached;
  }

  // One request on the fixture's own connection, which stays open from one to the next.
  HttpAnswer ask(const std::string& method, const std::string& target, const std::string& body = "",
                 const std::string& fields = "") {
    client_->received.clear();
    client_->send(method + " " + target + " HTTP/1.1\r\nHost: admin\r\n" + fields +
                  (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" + body);
    REQUIRE(run_until([this] { return whole(client_->received); }));
    return parsed(client_->received);
  }

  static bool whole(const std::string& text) {
    const size_t end = text.find("\r\n\r\n");
    return end != std::string::npos && text.size() >= end + 4 + length_of(text.substr(0, end));
  }
  static HttpAnswer parsed(const std::string& text) {
    const size_t end = text.find("\r\n\r\n");
    HttpAnswer answer;
    answer.status = std::stoi(text.substr(9, 3));
    answer.head = text.substr(0, end + 2);
    answer.body = nlohmann::json::parse(text.substr(end + 4, length_of(answer.head)), nullptr, false);
    return answer;
  }

  // A request that is to be answered by a stream of events, on a connection of its own.
  std::unique_ptr<RawClient> listen(const std::string& target, const std::string& fields = "") {
    auto listener = client();
    listener->send("GET " + target + " HTTP/1.1\r\nHost: admin\r\n" + fields + "\r\n");
    return listener;
  }
  bool run_until_received(RawClient& from, const std::string& text) {
    return run_until([&from, &text] { return from.received.find(text) != std::string::npos; });
  }

  const RouteIndex& index() { return routes_.read(); }
  ExchangeObserver& observer() { return observer_; }
  size_t listeners() const { return taps_.size(); }

  MachineBook book;
  MachineJournal journal{0};

 private:
  static RoutingOptions routing_options() {
    RoutingOptions options;
    options.domains = {"admin.test"};
    options.policies.defaults = load_policy(R"({"auth":"public"})");
    return options;
  }
  static size_t length_of(const std::string& head) {
    const size_t at = head.find("Content-Length: ");
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
  }
  uv::Address address() const {
    uv::Address result;
    result.unix_path = socket_path();
    return result;
  }
  void start() {
    AdminOptions options;
    options.addresses = {address()};
    AdminParts parts;
    parts.loop = &loop_;
    parts.store = store_.get();
    parts.routes = &routes_;
    parts.carrier = &carrier_;
    parts.loops = this;
    parts.book = &book;
    parts.journal = &journal;
    parts.public_https_port = ":8443";
    parts.version = "1.2.3";
    std::string problem;
    auto server = AdminServer::start(options, parts, problem);
    INFO(problem);
    REQUIRE(server);
    server_ = std::move(*server);
  }
  Verdict check(std::string_view, std::string_view) override { return Verdict::kBadToken; }
  bool config_of(std::string_view, tunnel::pb::Config&) override { return false; }
  bool connected(std::string_view machine) const override { return tunnels_.connected(machine); }
  void list_tunnels(std::function<void(std::vector<TunnelInfo>)> on_done) override { on_done(tunnels_.list()); }
  void close_tunnel(std::string_view id, std::function<void(bool)> on_done) override { on_done(tunnels_.close(id)); }
  void drop_machine(std::string_view machine) override { tunnels_.drop_machine(machine); }
  void count(std::function<void(std::vector<LoopCounts>)> on_done) override {
    LoopCounts counts{1, 2, 3, 6, 5, 4};
    counts.traffic = observer_.counts();
    on_done({counts});
  }
  BrokerCounts broker_counts() const override { return {7, 8}; }
  void list_traffic(std::function<void(std::vector<MachineRow>)> on_done) override { on_done(observer_.machines()); }
  void add_tap(std::shared_ptr<ExchangeTap> tap) override {
    observer_.add(tap);
    taps_.push_back(std::move(tap));
  }
  void remove_tap(std::shared_ptr<ExchangeTap> tap) override {
    observer_.remove(tap);
    std::erase(taps_, tap);
  }

  uv::Loop loop_;
  std::string folder_;
  std::unique_ptr<Store> store_;
  RouteTable routes_;
  ExchangeObserver observer_{loop_};
  std::vector<std::shared_ptr<ExchangeTap>> taps_;
  TunnelRegistry tunnels_;
  Carrier carrier_;
  std::unique_ptr<AdminServer> server_;
  std::unique_ptr<RawClient> client_;
};

}  // namespace ingress::broker
