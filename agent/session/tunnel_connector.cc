#include "agent/session/tunnel_connector.h"

#include <algorithm>
#include <utility>

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

TunnelConnector::TunnelConnector(uv::Loop& loop, const TunnelConfig& config, int slot, BrokerAddresses& addresses,
                                 TunnelWays& ways, TunnelConnectorOwner& owner)
    : loop_(loop),
      config_(config),
      owner_(owner),
      slot_(slot),
      addresses_(addresses),
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
  race_ = std::make_unique<AddressRace>(loop_, addresses_.in_order(std::move(*resolved), slot_, loop_.now()),
                                        static_cast<AddressRaceOwner&>(*this));
  try_next();
}

void TunnelConnector::try_next() {
  enter(ConnectStage::kConnecting);
  both_tried_ = false;
  address_ = race_->next().to_text();
  addresses_.set_place(slot_, address_);
  race_->go_on();
  limit_time();
}

// The last one has the attempt's time.
void TunnelConnector::limit_time() {
  if (!race_->has_next()) return address_deadline_.cancel();
  address_deadline_.arm(loop_.now() + kAddressTimeout);
}

void TunnelConnector::on_reached(const uv::Address& address, std::unique_ptr<uv::Socket> socket) {
  if (done_) return;
  reached_ = address;
  address_ = address.to_text();
  addresses_.set_place(slot_, address_);
  limit_time();
  way_ = ways_.first(address_, loop_.now());
  on_socket(std::move(socket));
}

void TunnelConnector::on_unreached(const uv::Address& address, const Error& error) {
  if (done_) return;
  note(error, address.to_text());
  address_ = race_->begun().back().to_text();
  addresses_.set_place(slot_, address_);
}

void TunnelConnector::on_none_reached() {
  if (!done_) end_failed();
}

void TunnelConnector::dial_again() {
  enter(ConnectStage::kConnecting);
  limit_time();
  connecting_ = uv::Connecting::connect(loop_, reached_, [this](Result<std::unique_ptr<uv::Socket>> connected) {
    if (done_) return;
    connected ? on_socket(std::move(*connected)) : fail_address(connected.error());
  });
}

void TunnelConnector::on_socket(std::unique_ptr<uv::Socket> socket) {
  config_.proxy ? ask_proxy(std::move(socket)) : start_tls(std::move(socket));
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
  tell_passed_over();
  owner_.on_connected(std::move(connection_), address_);
}

void TunnelConnector::tell_passed_over() {
  const auto at_last = std::find_if(race_->begun().rbegin(), race_->begun().rend(),
                                    [this](const uv::Address& each) { return each.to_text() == address_; });
  for (auto each = race_->begun().begin(); each != at_last.base(); ++each) {
    addresses_.avoid(each->to_text(), loop_.now());
  }
  addresses_.reached(address_);  // it is one of them
}

void TunnelConnector::fail_handshake(const Error& error) {
  if (way_ == TunnelWay::kUpgrade) ways_.failed(address_);
  if (way_ == TunnelWay::kUpgrade || std::exchange(both_tried_, true)) return fail_address(error);
  note(error, address_);
  loop_.bury(std::move(connection_));
  way_ = TunnelWay::kUpgrade;
  dial_again();
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
  const Error silent{ErrorCode::kTimeout, Side::kTunnel, true, 0, "the address does not answer"};
  if (!race_->running()) return fail_address(silent);
  if (!race_->has_next()) return;
  furthest_ ? end_failed() : fail_attempt(silent);
}

void TunnelConnector::give_up(const Error& error) {
  if (!done_) fail_attempt(error);
}

void TunnelConnector::enter(ConnectStage stage) {
  stage_ = stage;
  owner_.on_stage(stage);
}

void TunnelConnector::note(const Error& error, const std::string& address) {
  if (furthest_ && furthest_->stage > stage_) return;
  furthest_ = ConnectFailure{stage_, error, address, stage_ == ConnectStage::kProxy ? proxy_reply_.status() : 0};
}

void TunnelConnector::fail_address(const Error& error) {
  connecting_.reset();
  bury_socket(loop_, std::move(proxy_socket_));
  // What a buried one still says before it dies finds connection_ (or proxy_socket_) empty.
  if (connection_ != nullptr) loop_.bury(std::move(connection_));
  if (!race_->has_next()) return fail_attempt(error);
  note(error, address_);
  try_next();
}

void TunnelConnector::fail_attempt(const Error& error) {
  note(error, address_);
  end_failed();
}

void TunnelConnector::end_failed() {
  done_ = true;
  address_deadline_.cancel();
  if (race_ != nullptr && race_->has_next()) {
    for (const uv::Address& each : race_->begun()) addresses_.failed(slot_, each.to_text());
  } else {
    addresses_.start_over(slot_);  // all failed alike, which says nothing of any
  }
  owner_.on_connect_failed(*furthest_);
}

}  // namespace ingress::agent
