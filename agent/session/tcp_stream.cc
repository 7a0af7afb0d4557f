#include "agent/session/tcp_stream.h"

#include <utility>

#include "agent/session/reset_code.h"
#include "common/tls/tls_session.h"

namespace ingress::agent {

TcpStream::TcpStream(uv::Loop& loop, tunnel::Stream& stream, OnFailed on_failed, OnOver on_over)
    : loop_(loop), on_failed_(std::move(on_failed)), on_over_(std::move(on_over)) {
  set_stream(NearStream(&stream));
}

void TcpStream::start(origin::OriginPool& pool, const origin::Target& target, Duration timeout) {
  pool.connect(target, timeout,
               [this, watch = std::weak_ptr<bool>(alive_)](Result<std::unique_ptr<uv::Socket>> connected) {
                 if (!watch.expired()) on_connected(std::move(connected));
               });
}

void TcpStream::on_connected(Result<std::unique_ptr<uv::Socket>> connected) {
  alive_.reset();
  if (!connected) {
    on_failed_(connected.error());
    stream().abandon(reset_code_of(connected.error()));
    return on_over();
  }
  http::ResponseHead switching;
  switching.status = 101;
  stream().send_head(switching);
  begin(std::make_unique<transport::Connection>(loop_, std::move(*connected), nullptr, Side::kOrigin), {}).start();
}

void TcpStream::on_not_begun(const Error&, tunnel::ResetCode) {
  alive_.reset();
  on_over();
}

}  // namespace ingress::agent
