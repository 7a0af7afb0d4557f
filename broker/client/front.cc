#include "broker/client/front.h"

#include <functional>
#include <system_error>
#include <utility>

#include "common/base/after_calls.h"
#include "common/base/log.h"
#include "common/tls/tls_session.h"

namespace ingress::broker {
namespace {

// How long draining waits for handshakes that are under way.
constexpr Duration kSettleLimit{1000};
constexpr Duration kSettleLook{20};
// A connection that waited for less may be about to bring its request.
constexpr Duration kLeastWait{1000};
// Of handshakes, looked at for the oldest one.
constexpr int kMostLooks = 64;
// Limits that are met are told once in this time.
constexpr Duration kLogInterval{10000};

}  // namespace

// A connection until its TLS handshake is done, or has failed.
class Front::Handshake final : public uv::Buryable, private transport::ConnectionHandler {
 public:
  Handshake(Front& front, std::unique_ptr<transport::Connection> connection)
      : front_(front), connection_(std::move(connection)), since_(front.loop_.now()) {
    connection_->set_handler(this);
    connection_->start();
  }

  void cut() { connection_->abort(); }
  Time since() const { return since_; }

 private:
  void on_ready() override {
    connection_->pause_read();
    ++front_.handshakes_done_;
    const std::string_view alpn = connection_->tls()->alpn();
    if (alpn == "iterate-tunnel/1") {
      front_.welcome_tunnel(std::move(connection_));
    } else if (alpn == "h2") {
      front_.secure_http2_.serve(std::move(connection_));
    } else {
      front_.secure_.serve(std::move(connection_));
    }
    front_.end_handshake(this);
  }
  void on_data(MutableBytes) override {}
  void on_end() override { connection_->close(); }
  void on_closed(const Error& error) override {
    ++front_.handshakes_failed_;
    log_debug("handshake_failed", {{"peer", connection_->peer().to_text()}, {"error", describe(error)}});
    front_.loop_.bury(std::move(connection_));
    front_.end_handshake(this);
  }

  Front& front_;
  std::unique_ptr<transport::Connection> connection_;
  Time since_;
};

Front::Front(uv::Loop& loop, const tls::ServerContext* certificates, TunnelRegistry& tunnels,
             server::RequestAcceptor& clear, server::RequestAcceptor& secure, const server::ConnectionOptions& options)
    : loop_(loop),
      certificates_(certificates),
      tunnels_(tunnels),
      clear_(loop, clear, options),
      secure_(loop, secure, options),
      clear_http2_(loop, clear, options),
      secure_http2_(loop, secure, options),
      door_(loop, [this](std::unique_ptr<uv::Socket> socket, bool tls) { let_in(std::move(socket), tls); }) {
  clear_.set_on_http2([this](std::unique_ptr<transport::Connection> connection, MutableBytes begun) {
    clear_http2_.serve(std::move(connection), begun);
  });
}

Front::~Front() = default;

Status Front::listen(const FrontOptions& options, std::string& problem) {
  for (const uv::Address& address : options.http) {
    if (const Status bound = bind(address, false, problem); !bound) return bound;
  }
  for (const uv::Address& address : options.https) {
    if (const Status bound = bind(address, true, problem); !bound) return bound;
  }
  return {};
}

Status Front::bind(const uv::Address& address, bool tls, std::string& problem) {
  Result<std::unique_ptr<uv::Listener>> listener = uv::Listener::listen(loop_, address, on_accept(tls));
  if (!listener) {
    problem =
        "cannot listen on " + address.to_text() + ": " + std::generic_category().message(listener.error().sys_errno);
    return tl::unexpected(listener.error());
  }
  const uv::Address local = (*listener)->local();
  log_info("listening", {{"what", tls ? "https" : "http"}, {"address", local.to_text()}});
  if (tls) https_addresses_.push_back(local);
  keep(std::move(*listener), tls);
  return {};
}

void Front::keep(std::unique_ptr<uv::Listener> listener, bool tls) {
  if (limits_.descriptors > 0) listener->set_limit(limits_.descriptors, [this] { return make_room(); });
  listeners_.push_back({std::move(listener), tls});
}

bool Front::make_room() {
  Time oldest = loop_.now() - kLeastWait;
  std::function<void()> close;
  const auto look_at = [&oldest, &close](auto& server) {
    const auto [connection, since] = server.longest_waiting();
    if (connection == nullptr || since > oldest) return;
    oldest = since;
    close = [connection = connection] { connection->give_way(); };
  };
  look_at(clear_);
  look_at(secure_);
  look_at(clear_http2_);
  look_at(secure_http2_);
  int looks = 0;
  for (auto at = handshakes_.begin(); at != handshakes_.end() && looks < kMostLooks; ++at, ++looks) {
    Handshake* const handshake = at->first;
    if (handshake->since() > oldest) continue;
    oldest = handshake->since();
    close = [handshake] { handshake->cut(); };
  }
  log_full(close != nullptr);
  if (close) log_debug("gave_way", {{"waited_ms", static_cast<long long>((loop_.now() - oldest).count())}});
  if (close) close();
  return close != nullptr;
}

void Front::log_full(bool made_room) {
  if (loop_.now() < full_logged_ + kLogInterval) return;
  full_logged_ = loop_.now();
  log_warn("connections_full", {{"descriptors", std::to_string(limits_.descriptors)},
                                {"then", made_room ? "one that waited was closed" : "none is accepted"}});
}

std::vector<uv::Address> Front::https_addresses() const { return https_addresses_; }

uv::Listener::OnAccept Front::on_accept(bool tls) {
  return [this, tls](std::unique_ptr<uv::Socket> socket) {
    door_.holds(*socket) ? door_.take(std::move(socket), tls) : let_in(std::move(socket), tls);
  };
}

void Front::let_in(std::unique_ptr<uv::Socket> socket, bool tls) {
  intake_ == nullptr ? serve(std::move(socket), tls) : intake_->take(std::move(socket), tls);
}

void Front::set_proxies(const proxies::ProxySettings& settings) {
  trusted_ = settings.trusted;
  door_.set(settings);
}

Status Front::listen(std::vector<SharedListener> listeners) {
  for (SharedListener& shared : listeners) {
    Result<std::unique_ptr<uv::Listener>> listener =
        uv::Listener::adopt(loop_, std::move(shared.fd), on_accept(shared.tls));
    if (!listener) return tl::unexpected(listener.error());
    keep(std::move(*listener), shared.tls);
  }
  return {};
}

std::vector<SharedListener> Front::share_listeners() const {
  std::vector<SharedListener> shared;
  for (const Bound& bound : listeners_) shared.push_back({bound.listener->share(), bound.tls});
  return shared;
}

void Front::set_doors(ClientIntake& intake, TunnelLobby& lobby) {
  intake_ = &intake;
  lobby_ = &lobby;
}

void Front::serve(std::unique_ptr<uv::Socket> socket, bool tls) {
  if (drained_) return;
  tls ? serve_tls(std::move(socket)) : serve_clear(std::move(socket));
}

void Front::welcome_tunnel(std::unique_ptr<transport::Connection> connection) {
  lobby_ == nullptr ? tunnels_.adopt(std::move(connection)) : lobby_->adopt(std::move(connection));
}

bool Front::may_shake_hands(uv::Socket& socket) {
  if (limits_.handshakes == nullptr) return true;
  const std::string ip = socket.peer().ip;
  if (trusted_.trusts(ip)) return true;  // a proxy that speaks TLS to us, for many clients
  if (limits_.handshakes->take(ip, loop_.now())) return true;
  ++handshakes_refused_;
  if (loop_.now() >= refused_logged_ + kLogInterval) {
    refused_logged_ = loop_.now();
    log_warn("handshake_refused", {{"peer", ip}, {"why", "--handshake-rate"}});
  }
  socket.reset_on_close();
  return false;
}

void Front::serve_tls(std::unique_ptr<uv::Socket> socket) {
  if (!may_shake_hands(*socket)) return;
  auto connection = std::make_unique<transport::Connection>(loop_, std::move(socket),
                                                            tls::TlsSession::accept(*certificates_), Side::kClient);
  auto handshake = std::make_unique<Handshake>(*this, std::move(connection));
  Handshake* key = handshake.get();
  handshakes_.emplace(key, std::move(handshake));
}

void Front::serve_clear(std::unique_ptr<uv::Socket> socket) {
  auto connection = std::make_unique<transport::Connection>(loop_, std::move(socket), nullptr, Side::kClient);
  connection->start();
  clear_.serve(std::move(connection));
}

void Front::end_handshake(Handshake* handshake) {
  const auto found = handshakes_.find(handshake);
  loop_.bury(std::move(found->second));
  handshakes_.erase(found);
}

void Front::stop_accepting(std::function<void()> settled) {
  listeners_.clear();
  settle(std::move(settled));
}

void Front::drain(std::function<void()> done) {
  on_drained_ = std::move(done);
  settle([this] { drain_servers(); });
}

// Calls `then` when nobody is on the way to a server, or has been for long enough.
void Front::settle(std::function<void()> then) {
  on_settled_ = std::move(then);
  settled_by_ = loop_.now() + kSettleLimit;
  settle_timer_ = std::make_unique<uv::Timer>(loop_, [this] { look_whether_settled(); });
  settle_timer_->start(Duration{0}, kSettleLook);
}

void Front::look_whether_settled() {
  const bool settled = door_.empty() && handshakes_.empty() && (intake_ == nullptr || intake_->empty());
  if (!settled && loop_.now() < settled_by_) return;
  settle_timer_->stop();
  door_.close_all();
  if (intake_ != nullptr) intake_->close_all();
  for (const auto& [key, owned] : handshakes_) key->cut();
  // Not from the timer's call: settling again makes another timer.
  loop_.defer(std::exchange(on_settled_, nullptr));
}

void Front::drain_servers() {
  // All at once.
  const std::function<void()> one_done = after_calls(4, [this] {
    drained_ = true;
    on_drained_();
  });
  secure_.drain(one_done);
  secure_http2_.drain(one_done);
  // A clear connection that waits may still turn out to be of HTTP/2.
  clear_http2_.drain([] {});
  clear_.drain([this, one_done] {
    clear_http2_.drain(one_done);
    one_done();
  });
}

void Front::close_all() {
  clear_.close_all();
  secure_.close_all();
  clear_http2_.close_all();
  secure_http2_.close_all();
}

void Front::set_options(const server::ConnectionOptions& options) {
  clear_.set_options(options);
  secure_.set_options(options);
  clear_http2_.set_options(options);
  secure_http2_.set_options(options);
}

ConnectionCounts Front::counts() const {
  ConnectionCounts counts;
  counts.clear_http1 = clear_.connection_count();
  counts.clear_http2 = clear_http2_.connection_count();
  counts.tls_http1 = secure_.connection_count();
  counts.tls_http2 = secure_http2_.connection_count();
  counts.handshakes = handshakes_.size();
  counts.handshakes_done = handshakes_done_;
  counts.handshakes_failed = handshakes_failed_;
  counts.handshakes_refused = handshakes_refused_;
  counts.proxy_headers_refused = door_.refused();
  return counts;
}

size_t Front::client_count() const {
  return clear_.connection_count() + secure_.connection_count() + clear_http2_.connection_count() +
         secure_http2_.connection_count();
}

}  // namespace ingress::broker
