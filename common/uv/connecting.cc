#include <sys/un.h>

#include <memory>
#include <utility>

#include "common/uv/sock_address.h"
#include "common/uv/stream_socket.h"
#include "common/uv/uv_error.h"

namespace ingress::uv {
namespace {

bool is_loopback(const Address& address) { return address.ip.starts_with("127.") || address.ip == "::1"; }

class StreamConnecting final : public Connecting, private Flushable {
 public:
  StreamConnecting(Loop& loop, const Address& address, Connecting::OnDone on_done)
      : loop_(loop),
        handle_(loop, address.unix_path.empty() ? StreamHandle::Kind::kTcp : StreamHandle::Kind::kUnix),
        on_done_(std::move(on_done)),
        check_self_(is_loopback(address)) {}
  ~StreamConnecting() override {
    loop_.forget_flush(*this);
    if (request_ != nullptr) request_->owner = nullptr;
  }

  void start(const Address& address) {
    const int status = address.unix_path.empty() ? start_tcp(address) : start_unix(address.unix_path);
    if (status == 0) return;
    status_ = status;
    loop_.flush_later(*this);
  }

 private:
  // Outlives the attempt where that is given up: libuv calls back after the close.
  struct Request {
    uv_connect_t request;
    StreamConnecting* owner;
  };

  uv_connect_t* new_request() {
    request_ = new Request{{}, this};
    request_->request.data = request_;
    return &request_->request;
  }

  static void on_connect(uv_connect_t* request, int status) {
    const std::unique_ptr<Request> own(static_cast<Request*>(request->data));
    if (own->owner == nullptr) return;
    own->owner->request_ = nullptr;
    own->owner->finish(status);
  }

  int start_tcp(const Address& address) {
    sockaddr_storage storage;
    if (!to_sockaddr(address, storage)) return UV_EINVAL;
    uv_tcp_nodelay(handle_.tcp(), 1);
    uv_connect_t* request = new_request();
    const int status = uv_tcp_connect(request, handle_.tcp(), reinterpret_cast<sockaddr*>(&storage), on_connect);
    if (status != 0) delete std::exchange(request_, nullptr);
    return status;
  }

  int start_unix(const std::string& path) {
    // libuv would cut it and connect elsewhere.
    if (path.size() >= sizeof(sockaddr_un::sun_path)) return UV_ENAMETOOLONG;
    uv_pipe_connect(new_request(), handle_.pipe(), path.c_str(), on_connect);
    return 0;
  }

  void flush() override { finish(status_); }

  // A local port that nobody listens on can, by chance, be connected to itself.
  bool connected_to_itself() const {
    if (!check_self_) return false;
    const Address local = handle_.local();
    const Address peer = handle_.peer();
    return local.port == peer.port && local.ip == peer.ip;
  }

  void finish(int status) {
    const Connecting::OnDone on_done = std::move(on_done_);  // its call may destroy this attempt
    if (status == 0 && connected_to_itself()) status = UV_ECONNREFUSED;
    if (status == 0) {
      on_done(std::make_unique<StreamSocket>(loop_, std::move(handle_)));
      return;
    }
    Error error = uv_error(ErrorCode::kConnectFailed, status, "connect");
    error.retryable = true;
    on_done(tl::unexpected(error));
  }

  Loop& loop_;
  StreamHandle handle_;
  Connecting::OnDone on_done_;
  Request* request_ = nullptr;
  int status_ = 0;
  bool check_self_;
};

}  // namespace

std::unique_ptr<Connecting> Connecting::connect(Loop& loop, const Address& address, OnDone on_done) {
  auto attempt = std::make_unique<StreamConnecting>(loop, address, std::move(on_done));
  attempt->start(address);
  return attempt;
}

}  // namespace ingress::uv
