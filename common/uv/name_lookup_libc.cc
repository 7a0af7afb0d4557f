#include <netdb.h>
#include <uv.h>

#include <utility>

#include "common/base/signals.h"
#include "common/uv/name_lookup.h"
#include "common/uv/sock_address.h"
#include "common/uv/uv_error.h"

namespace ingress::uv {
namespace {

constexpr const char* kNoAddress = "no address of a kind that is known";

// getaddrinfo, on one of libuv's worker threads.
class LibcLookup final : public NameLookup, private Flushable {
 public:
  LibcLookup(Loop& loop, OnDone on_done) : loop_(loop), on_done_(std::move(on_done)) {}
  ~LibcLookup() override {
    loop_.forget_flush(*this);
    if (request_ == nullptr) return;
    request_->owner = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&request_->request));
  }

  void ask(const std::string& name) {
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
  // Outlives the lookup where that is given up: the worker thread may be at it.
  struct Request {
    uv_getaddrinfo_t request;
    LibcLookup* owner;
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
    address.port = 0;
    if (!address.ip.empty()) addresses_.push_back(std::move(address));
  }

  void flush() override {
    const OnDone on_done = std::move(on_done_);  // its call may destroy this
    if (!addresses_.empty()) return on_done(std::move(addresses_));
    Error error = uv_error(ErrorCode::kResolveFailed, status_, status_ == 0 ? kNoAddress : uv_strerror(status_));
    error.sys_errno = 0;  // the context says it
    error.retryable = true;
    on_done(tl::unexpected(error));
  }

  Loop& loop_;
  OnDone on_done_;
  std::vector<Address> addresses_;
  Request* request_ = nullptr;
  int status_ = 0;
};

}  // namespace

std::unique_ptr<NameLookup> NameLookup::start(Loop& loop, const std::string& name, OnDone on_done) {
  auto lookup = std::make_unique<LibcLookup>(loop, std::move(on_done));
  lookup->ask(name);
  return lookup;
}

}  // namespace ingress::uv
