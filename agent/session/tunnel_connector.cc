#include "agent/session/tunnel_connector.h"

#include <utility>

#include "agent/session/address_order.h"
#include "common/tls/tls_session.h"
#include "common/tunnel_link/connection_sink.h"

namespace ingress::agent {
namespace {

// A socket that may be its caller: it dies at the end of the iteration.
struct BuriedSocket final : uv::Buryable {
  explicit BuriedSocket(std::unique_ptr<uv::Socket> buried) : socket(std::move(buried)) {}
  std::unique_ptr<uv::Socket> socket;
};

void bury_socket(uv::Loop& loop, std::unique_ptr<uv::Socket> socket) {
  if (socket == nullptr) return;
  loop.bury(std::make_unique<BuriedSocket>(std::move(socket)));
}

}  // namespace

TunnelConnector::TunnelConnector(uv::Loop& loop, const TunnelConfig& config, size_t turn, TunnelWays& ways,
                                 TunnelConnectorOwner& owner)
    : loop_(loop),
      config_(config),
      owner_(owner),
      turn_(turn),
      ways_(ways),
      address_deadline_(loop.deadlines(), *this) {
  const std::string& name = config.proxy ? config.proxy->host : config.broker.host;
  const int port = config.proxy ? config.proxy->port : config.broker.port;
  resolving_ = uv::Resolving::resolve(
      loop, name, port, [this](Result<std::vector<uv::Address>> resolved) { on_resolved(std::move(resolved)); });
}

TunnelConnector::~TunnelConnector() = default;

void TunnelConnector::on_resolved(Result<std::vector<uv::Address>> resolved) {
  if (done_) return;
  if (!resolved) {
    resolved.error().side = Side::kTunnel;
    return fail_attempt(resolved.error());
  }
  addresses_ = in_turn(std::move(*resolved), turn_);
  try_next();
}

void TunnelConnector::try_next() {
  enter(ConnectStage::kConnecting);
  address_ = addresses_[next_address_++].to_text();
  both_tried_ = false;
  dial(ways_.first(address_, loop_.now()));
}

void TunnelConnector::dial(TunnelWay way) {
  way_ = way;
  const uv::Address& address = addresses_[next_address_ - 1];
  if (next_address_ < addresses_.size()) {
    address_deadline_.arm(loop_.now() + kAddressTimeout);
  } else {
    address_deadline_.cancel();
  }
  connecting_ = uv::Connecting::connect(
      loop_, address, [this](Result<std::unique_ptr<uv::Socket>> connected) { on_socket(std::move(connected)); });
}

void TunnelConnector::on_socket(Result<std::unique_ptr<uv::Socket>> connected) {
  if (done_) return;
  if (!connected) return fail_address(connected.error());
  if (config_.proxy) {
    ask_proxy(std::move(*connected));
  } else {
    start_tls(std::move(*connected));
  }
}

void TunnelConnector::ask_proxy(std::unique_ptr<uv::Socket> socket) {
  enter(ConnectStage::kProxy);
  proxy_reply_ = ConnectReply();
  proxy_socket_ = std::move(socket);
  proxy_socket_->set_handler(this);
  proxy_socket_->write(as_bytes(connect_request(*config_.proxy, config_.broker)));
  proxy_socket_->start_read();
}

void TunnelConnector::on_read(MutableBytes bytes) {
  if (done_ || proxy_socket_ == nullptr) return;
  const Result<bool> through = proxy_reply_.receive(bytes);
  if (!through) return fail_address(through.error());
  if (!*through) return;
  // The connection sets itself as the socket's handler; this call ends without touching it again.
  proxy_socket_->pause_read();
  start_tls(std::move(proxy_socket_));
}

void TunnelConnector::on_read_end() {
  on_failed(Error{ErrorCode::kClosed, Side::kTunnel, true, 0, "the proxy closed before it answered"});
}

void TunnelConnector::on_failed(const Error& error) {
  if (!done_ && proxy_socket_ != nullptr) fail_address(error);
}

void TunnelConnector::start_tls(std::unique_ptr<uv::Socket> socket) {
  enter(ConnectStage::kHandshake);
  socket->set_notsent_lowat(tunnel_link::kNotSentLowatBytes);
  auto session = tls::TlsSession::connect(*config_.tls, config_.broker.host);
  // What answers there then is other people's.
  if (way_ == TunnelWay::kUpgrade) session->offer("http/1.1", tls::LeastVersion::kTls12);
  connection_ = std::make_unique<transport::Connection>(loop_, std::move(socket), std::move(session), Side::kTunnel);
  connection_->set_handler(this);
  connection_->start();
}

void TunnelConnector::on_ready() {
  if (done_ || connection_ == nullptr) return;
  enter(ConnectStage::kAnswer);
  if (way_ == TunnelWay::kUpgrade) {
    upgrade_reply_ = UpgradeReply();
    return connection_->write(upgrade_request(config_.broker));
  }
  if (connection_->tls()->alpn() == kTunnelAlpn) return succeed();
  fail_handshake(Error{ErrorCode::kProtocol, Side::kTunnel, false, 0, "the server there takes no tunnels"});
}

void TunnelConnector::on_data(MutableBytes bytes) {
  if (done_ || connection_ == nullptr) return;
  if (way_ == TunnelWay::kAlpn) {
    return fail_address(Error{ErrorCode::kProtocol, Side::kTunnel, false, 0, "bytes before HELLO"});
  }
  const Result<bool> upgraded = upgrade_reply_.receive(bytes);
  if (!upgraded) {
    ways_.failed(address_);
    return fail_address(upgraded.error());
  }
  if (*upgraded) succeed();
}

void TunnelConnector::succeed() {
  done_ = true;
  address_deadline_.cancel();
  ways_.worked(address_, way_, loop_.now());
  owner_.on_connected(std::move(connection_), address_);
}

void TunnelConnector::fail_handshake(const Error& error) {
  if (way_ == TunnelWay::kUpgrade) ways_.failed(address_);
  if (way_ == TunnelWay::kUpgrade || std::exchange(both_tried_, true)) return fail_address(error);
  note(error);
  loop_.bury(std::move(connection_));
  enter(ConnectStage::kConnecting);
  dial(TunnelWay::kUpgrade);
}

void TunnelConnector::on_end() {
  if (!done_ && connection_ != nullptr)
    fail_handshake(Error{ErrorCode::kClosed, Side::kTunnel, true, 0, "closed in the handshake"});
}

void TunnelConnector::on_closed(const Error& error) {
  if (done_ || connection_ == nullptr) return;
  error.code == ErrorCode::kTimeout ? fail_address(error) : fail_handshake(error);
}

void TunnelConnector::on_deadline(Deadline&) {
  fail_address(Error{ErrorCode::kTimeout, Side::kTunnel, true, 0, "the address does not answer"});
}

void TunnelConnector::give_up(const Error& error) {
  if (!done_) fail_attempt(error);
}

void TunnelConnector::enter(ConnectStage stage) {
  stage_ = stage;
  owner_.on_stage(stage);
}

void TunnelConnector::note(const Error& error) {
  if (furthest_ && furthest_->stage > stage_) return;
  furthest_ = ConnectFailure{stage_, error, address_, stage_ == ConnectStage::kProxy ? proxy_reply_.status() : 0};
}

void TunnelConnector::fail_address(const Error& error) {
  connecting_.reset();
  bury_socket(loop_, std::move(proxy_socket_));
  // What a buried one still says before it dies finds connection_ (or proxy_socket_) empty.
  if (connection_ != nullptr) loop_.bury(std::move(connection_));
  if (next_address_ >= addresses_.size()) return fail_attempt(error);
  note(error);
  try_next();
}

void TunnelConnector::fail_attempt(const Error& error) {
  note(error);
  done_ = true;
  address_deadline_.cancel();
  owner_.on_connect_failed(*furthest_);
}

}  // namespace ingress::agent
