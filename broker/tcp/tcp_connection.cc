#include "broker/tcp/tcp_connection.h"

#include <utility>

#include "common/base/log.h"

namespace ingress::broker::tcp {
namespace {

constexpr Error kNotOpened{ErrorCode::kProxyError, Side::kTunnel, false, 0, "the agent answered with something else"};
constexpr Error kTooOld{ErrorCode::kMachineUnavailable, Side::kTunnel, false, 0,
                        "the machine's agent is draining, or from before TCP streams: upgrade it"};
constexpr Error kNoListener{ErrorCode::kProxyError, Side::kOrigin, false, 0, "nothing listens on that port"};
constexpr Error kDenied{ErrorCode::kForbidden, Side::kClient, false, 0, "the machine's agent does not serve that port"};

// What the agent's RESET means to who asked.
Error told(const Error& error, tunnel::ResetCode code) {
  switch (code) {
    case tunnel::ResetCode::kConnectFailed:
      return kNoListener;
    case tunnel::ResetCode::kPortDenied:
      return kDenied;
    case tunnel::ResetCode::kRefused:
      return kTooOld;
    default:
      return error;
  }
}

}  // namespace

TcpConnection::TcpConnection(TcpConnects& owner, TcpTarget target, TcpCaller caller)
    : owner_(owner),
      target_(std::move(target)),
      caller_(std::move(caller)),
      asking_(*this),
      since_(owner.loop_.now()) {}

TcpConnection::~TcpConnection() {
  if (stream()) stream().abandon(tunnel::ResetCode::kCancelled);
}

server::RequestHandler* TcpConnection::start(server::Responder& responder) {
  responder_ = &responder;
  const std::string authority = target_.machine + ":" + std::to_string(target_.port);
  tunnel::OpenHead head;
  head.kind = tunnel::StreamKind::kTcp;
  head.port = target_.port;
  head.upgrade = true;
  head.request.method = "CONNECT";
  head.request.target = authority;
  Error why;
  set_stream(owner_.carrier_.open(target_.machine, head, false, this, why));
  if (stream()) return &asking_;
  answer(why);
  return nullptr;
}

void TcpConnection::answer(const Error& error) {
  server::Responder* const responder = std::exchange(responder_, nullptr);
  if (responder == nullptr) return;
  log_info(
      "tcp_refused",
      {{"machine", target_.machine}, {"port", target_.port}, {"actor", caller_.actor}, {"error", describe(error)}});
  http::ErrorDetails details;
  details.machine = target_.machine;
  details.port = target_.port;
  details.reason = error.context;
  responder->close_after_answer();
  server::send_answer(*responder, http::error_answer(error, details, {}), error);
}

void TcpConnection::on_head(const http::ResponseHead& head, bool) {
  if (responder_ == nullptr) return;
  if (head.status != 101) {
    stream().abandon(tunnel::ResetCode::kCancelled);
    answer(kNotOpened);
    return owner_.forget(*this);
  }
  http::ResponseHead connected;
  connected.status = 200;
  connected.reason = "Connection established";
  ByteBuffer begun;
  server::Responder* const responder = std::exchange(responder_, nullptr);
  std::unique_ptr<transport::Connection> connection = responder->take_over(connected, begun);
  if (connection == nullptr) {
    stream().abandon(tunnel::ResetCode::kCancelled);
    responder->abort();
    return owner_.forget(*this);
  }
  began_ = true;
  connection->keep_alive();
  begin(std::move(connection), std::move(begun)).resume_read();
}

void TcpConnection::client_left() {
  responder_ = nullptr;
  if (stream()) stream().abandon(tunnel::ResetCode::kCancelled);
  owner_.forget(*this);
}

void TcpConnection::on_not_begun(const Error& error, tunnel::ResetCode code) {
  answer(told(error, code));
  owner_.forget(*this);
}

void TcpConnection::end() {
  if (began_) return cut();
  if (stream()) stream().abandon(tunnel::ResetCode::kCancelled);
  if (server::Responder* const responder = std::exchange(responder_, nullptr)) responder->abort();
  owner_.forget(*this);
}

void TcpConnection::on_over() {
  const auto milliseconds = (owner_.loop_.now() - since_).count();
  log_info("tcp_closed", {{"machine", target_.machine},
                          {"port", target_.port},
                          {"actor", caller_.actor},
                          {"bytes_in", static_cast<long long>(to_stream())},
                          {"bytes_out", static_cast<long long>(from_stream())},
                          {"ms", static_cast<long long>(milliseconds)}});
  owner_.forget(*this);
}

}  // namespace ingress::broker::tcp
