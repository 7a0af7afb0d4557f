#include "common/origin/dialer.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace ingress::origin {
namespace {

constexpr Duration kPause{50};

bool is_loopback(const uv::Address& address) { return address.ip.starts_with("127.") || address.ip == "::1"; }

}  // namespace

Dialer::Dialer(uv::Loop& loop, DialHandler& handler)
    : loop_(loop), handler_(&handler), deadline_(loop.deadlines(), *this) {}

void Dialer::start(const Target& target, size_t first, Duration timeout, Duration refused_wait) {
  give_up_at_ = loop_.now() + timeout;
  patient_until_ = loop_.now() + std::min(refused_wait, timeout);
  if (target.addresses.empty()) {
    deadline_.arm(give_up_at_);
    resolving_ = uv::Resolving::resolve(loop_, target.host, target.port,
                                        [this](Result<std::vector<uv::Address>> found) { resolved(std::move(found)); });
    return;
  }
  addresses_ = target.addresses;
  first_ = first;
  try_next();
}

void Dialer::cancel() {
  handler_ = nullptr;
  deadline_.cancel();
  resolving_.reset();
  connecting_.reset();
}

void Dialer::resolved(Result<std::vector<uv::Address>> addresses) {
  if (!addresses || addresses->empty()) {
    return fail_with(ErrorCode::kResolveFailed, "the target's name has no address");
  }
  addresses_ = std::move(*addresses);
  try_next();
}

// An address that does not answer at all gets its share of the time, so that it does not use up the others'.
void Dialer::try_next() {
  const uv::Address& address = addresses_[current()];
  local_only_ = local_only_ && is_loopback(address);
  const Duration left = std::max(give_up_at_ - loop_.now(), Duration{0});
  deadline_.arm(loop_.now() + left / (addresses_.size() - tried_));
  connecting_ = uv::Connecting::connect(
      loop_, address, [this](Result<std::unique_ptr<uv::Socket>> socket) { tried(std::move(socket)); });
}

void Dialer::tried(Result<std::unique_ptr<uv::Socket>> socket) {
  if (handler_ == nullptr) return;
  if (socket) {
    deadline_.cancel();
    std::exchange(handler_, nullptr)->on_dialed(std::move(*socket), current());
    return;
  }
  last_errno_ = socket.error().sys_errno;
  timed_out_ = timed_out_ || last_errno_ == ETIMEDOUT;
  if (last_errno_ == ECONNREFUSED) {
    (addresses_[current()].ip.find(':') == std::string::npos ? refused_ipv4_ : refused_ipv6_) = true;
  }
  ++tried_;
  if (tried_ < addresses_.size()) return try_next();
  try_again_or_fail();
}

void Dialer::on_deadline(Deadline&) {
  if (std::exchange(pausing_, false)) return try_next();
  connecting_.reset();
  timed_out_ = true;
  ++tried_;
  if (tried_ < addresses_.size() && loop_.now() < give_up_at_) return try_next();
  fail_with_last_error();
}

void Dialer::try_again_or_fail() {
  if (!(refused_ipv4_ || refused_ipv6_) || loop_.now() >= patient_until_) return fail_with_last_error();
  tried_ = 0;
  pausing_ = true;
  deadline_.arm(loop_.now() + kPause);
}

void Dialer::fail_with_last_error() {
  if (timed_out_) {
    last_errno_ = ETIMEDOUT;
    return fail_with(ErrorCode::kTimeout, "the connection was not accepted in time");
  }
  if (!refused_ipv4_ && !refused_ipv6_) return fail_with(ErrorCode::kConnectFailed, "the target can't be reached");
  last_errno_ = ECONNREFUSED;
  if (!local_only_) return fail_with(ErrorCode::kConnectFailed, "connection refused");
  if (!refused_ipv6_) return fail_with(ErrorCode::kConnectFailed, "connection refused on 127.0.0.1");
  if (!refused_ipv4_) return fail_with(ErrorCode::kConnectFailed, "connection refused on [::1]");
  fail_with(ErrorCode::kConnectFailed, "connection refused on 127.0.0.1 and [::1]");
}

void Dialer::fail_with(ErrorCode code, const char* context) {
  if (handler_ == nullptr) return;
  deadline_.cancel();
  Error error{code, Side::kOrigin, true, last_errno_, context};
  std::exchange(handler_, nullptr)->on_dial_failed(error);
}

}  // namespace ingress::origin
