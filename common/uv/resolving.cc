#include <netdb.h>
#include <uv.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/signals.h"
#include "common/uv/sock_address.h"
#include "common/uv/socket.h"
#include "common/uv/uv_error.h"

namespace ingress::uv {
namespace {

// `localhost` and the names under it are this machine's loopback, whatever a file or a server says (RFC 6761, 6.3).
bool is_localhost(std::string name) {
  constexpr std::string_view kLocalhost = "localhost";
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; });
  if (name.ends_with('.')) name.pop_back();
  return name == kLocalhost || name.ends_with(".localhost");
}

class NameResolving final : public Resolving, private Flushable {
 public:
  NameResolving(Loop& loop, int port, Resolving::OnDone on_done)
      : loop_(loop), port_(port), on_done_(std::move(on_done)) {}
  ~NameResolving() override {
    loop_.forget_flush(*this);
    if (request_ == nullptr) return;
    request_->owner = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&request_->request));
  }

  void start(const std::string& name) {
    Address numeric;
    numeric.ip = name;
    numeric.port = port_;
    if (sockaddr_storage storage; to_sockaddr(numeric, storage)) {
      addresses_.push_back(std::move(numeric));
      loop_.flush_later(*this);
      return;
    }
    if (is_localhost(name)) {
      for (const char* loopback : {"127.0.0.1", "::1"}) addresses_.push_back({loopback, port_, {}});
      loop_.flush_later(*this);
      return;
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    request_ = new Request{{}, this};
    request_->request.data = request_;
    const SignalsBlocked blocked;  // the first call starts libuv's worker threads
    status_ = uv_getaddrinfo(loop_.raw(), &request_->request, on_resolved, name.c_str(), nullptr, &hints);
    if (status_ == 0) return;
    delete std::exchange(request_, nullptr);
    loop_.flush_later(*this);
  }

 private:
  // Outlives the attempt where that is given up: the worker thread may be at it.
  struct Request {
    uv_getaddrinfo_t request;
    NameResolving* owner;
  };

  static void on_resolved(uv_getaddrinfo_t* request, int status, addrinfo* found) {
    const std::unique_ptr<Request> own(static_cast<Request*>(request->data));
    if (own->owner != nullptr) {
      own->owner->request_ = nullptr;
      own->owner->status_ = status;
      for (const addrinfo* each = found; each != nullptr; each = each->ai_next) own->owner->add(each->ai_addr);
      own->owner->flush();
    }
    uv_freeaddrinfo(found);
  }

  void add(const sockaddr* found) {
    Address address = from_sockaddr(found);
    address.port = port_;
    const auto same = [&address](const Address& other) { return other.ip == address.ip; };
    if (!address.ip.empty() && std::none_of(addresses_.begin(), addresses_.end(), same)) {
      addresses_.push_back(std::move(address));
    }
  }

  void flush() override {
    const Resolving::OnDone on_done = std::move(on_done_);  // its call may destroy this attempt
    if (!addresses_.empty()) {
      on_done(std::move(addresses_));
      return;
    }
    Error error = uv_error(ErrorCode::kResolveFailed, status_, "resolve a name");
    error.retryable = true;
    on_done(tl::unexpected(error));
  }

  Loop& loop_;
  int port_;
  Resolving::OnDone on_done_;
  std::vector<Address> addresses_;
  Request* request_ = nullptr;
  int status_ = 0;
};

}  // namespace

std::unique_ptr<Resolving> Resolving::resolve(Loop& loop, const std::string& name, int port, OnDone on_done) {
  auto attempt = std::make_unique<NameResolving>(loop, port, std::move(on_done));
  attempt->start(name);
  return attempt;
}

}  // namespace ingress::uv
