#include "common/origin/dialer.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace ingress::origin {
namespace {

constexpr Duration kPause{50};

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
  try_all();
}

void Dialer::cancel() {
  handler_ = nullptr;
  deadline_.cancel();
  resolving_.reset();
  attempts_.clear();
}

void Dialer::resolved(Result<std::vector<uv::Address>> addresses) {
  if (!addresses || addresses->empty()) {
    return fail_with(ErrorCode::kResolveFailed, "the target's name has no address");
  }
  addresses_ = std::move(*addresses);
  try_all();
}

void Dialer::try_all() {
  begun_ = 0;
  attempts_.resize(addresses_.size());
  try_next();
}

void Dialer::try_next() {
  const size_t index = (first_ + begun_++) % addresses_.size();
  local_only_ = local_only_ && addresses_[index].is_loopback();
  const bool last = begun_ == addresses_.size();
  deadline_.arm(last ? give_up_at_ : std::min(loop_.now() + kSilence, give_up_at_));
  ++under_way_;
  attempts_[index] = uv::Connecting::connect(
      loop_, addresses_[index],
      [this, index](Result<std::unique_ptr<uv::Socket>> socket) { tried(index, std::move(socket)); });
}

void Dialer::tried(size_t index, Result<std::unique_ptr<uv::Socket>> socket) {
  if (handler_ == nullptr) return;
  attempts_[index].reset();
  --under_way_;
  if (socket) {
    deadline_.cancel();
    attempts_.clear();
    std::exchange(handler_, nullptr)->on_dialed(std::move(*socket), index);
    return;
  }
  note(index, socket.error());
  if (begun_ < addresses_.size()) return try_next();
  // One that is silent has what is left of the time.
  if (under_way_ == 0) try_again_or_fail();
}

void Dialer::note(size_t index, const Error& error) {
  last_errno_ = error.sys_errno;
  timed_out_ = timed_out_ || last_errno_ == ETIMEDOUT;
  if (last_errno_ != ECONNREFUSED) return;
  (addresses_[index].ip.find(':') == std::string::npos ? refused_ipv4_ : refused_ipv6_) = true;
}

void Dialer::on_deadline(Deadline&) {
  if (std::exchange(pausing_, false)) return try_all();
  if (loop_.now() < give_up_at_) return try_next();
  give_up();
}

void Dialer::give_up() {
  resolving_.reset();
  attempts_.clear();
  timed_out_ = true;
  fail_with_last_error();
}

void Dialer::try_again_or_fail() {
  if (!(refused_ipv4_ || refused_ipv6_) || loop_.now() >= patient_until_) return fail_with_last_error();
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
