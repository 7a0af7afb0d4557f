#include "common/tunnel/receive_credit.h"

#include <algorithm>
#include <cassert>

#include "common/tunnel/credit_budget.h"
#include "common/tunnel/session_limits.h"

namespace ingress::tunnel {
namespace {

// A window that passes within so many round trips makes its stream bulk; one that takes longer than the second figure
// ends that. Apart, so that a stream does not go to and fro; the times are for lines whose delay is next to nothing.
constexpr int kBulkRounds = 4;
constexpr Duration kBulkTime{4};
constexpr int kSlowRounds = 16;
constexpr Duration kSlowTime{100};
// The pool grows where it passes within so many round trips, and shrinks where it takes longer than the second figure.
constexpr int kGrowRounds = 2;
constexpr int kShrinkRounds = 8;
constexpr Duration kShrinkTime{8};

// Stuck bytes take this part of themselves off the pool, so that pool and stuck together are at most 3/2 of the budget.
constexpr uint64_t kStuckPart = 2;
constexpr uint64_t kStuckParts = 3;

uint32_t beyond(uint32_t size, uint32_t initial) { return size > initial ? size - initial : 0; }

}  // namespace

ReceiveCredit::ReceiveCredit(const SessionLimits& limits)
    : limits_(limits), pool_bytes_(std::min(kFirstPoolBytes, limits.window_budget_bytes)) {}

ReceiveCredit::~ReceiveCredit() {
  if (limits_.shared_budget != nullptr) limits_.shared_budget->give_back(used_bytes_);
}

void ReceiveCredit::open(ReceiveWindow& window, Time now) const {
  window = ReceiveWindow{};
  window.window = limits_.initial_window_bytes;
  (limits_.grants_late ? window.owed : window.credit) = window.window;
  window.round_began = now;
}

bool ReceiveCredit::admit(ReceiveWindow& window, uint32_t bytes, Time now) const {
  if (bytes > window.credit) return false;
  // A round begins with its first byte and not with the wait for it.
  if (window.round_bytes == 0 && window.held() == 0) window.round_began = now;
  window.credit -= bytes;
  return true;
}

uint32_t ReceiveCredit::consumed(ReceiveWindow& window, uint32_t bytes, Time now) {
  assert(bytes <= window.held());
  if (window.ended) {
    resize(window, window.window - bytes);
    return 0;
  }
  window.owed += bytes;
  window.round_bytes += bytes;
  if (window.bulk) count_pool(bytes, now);
  look_over(now);
  if (window.round_bytes >= window.window || is_late(window, now)) judge(window, now);
  const uint32_t target = target_of(window);
  if (window.window > target) {
    const uint32_t cut = std::min(window.owed, window.window - target);
    window.owed -= cut;
    resize(window, window.window - cut);
  }
  const uint32_t step = std::clamp<uint32_t>(window.window / 2, 1, kMostStepBytes);
  if (window.owed < step) return 0;
  if (window.window < target) {
    const uint32_t growth = std::min(target - window.window, room());
    window.owed += growth;
    resize(window, window.window + growth);
  }
  return take_owed(window);
}

uint32_t ReceiveCredit::take_owed(ReceiveWindow& window) const {
  if (window.ended) return 0;
  const uint32_t grant = window.owed;
  window.credit += grant;
  window.owed = 0;
  return grant;
}

void ReceiveCredit::end(ReceiveWindow& window) {
  if (window.ended) return;
  leave_bulk(window);
  resize(window, window.held());
  window.credit = window.owed = 0;
  window.ended = true;
}

void ReceiveCredit::close(ReceiveWindow& window) {
  leave_bulk(window);
  resize(window, 0);
  window = ReceiveWindow{};
}

void ReceiveCredit::resize(ReceiveWindow& window, uint32_t size) {
  const uint32_t before = beyond(window.window, limits_.initial_window_bytes);
  const uint32_t after = beyond(size, limits_.initial_window_bytes);
  window.window = size;
  used_bytes_ += after;
  used_bytes_ -= before;
  if (limits_.shared_budget != nullptr) {
    limits_.shared_budget->add(after);
    limits_.shared_budget->give_back(before);
  }
  if (!window.bulk) return;
  bulk_bytes_ += after;
  bulk_bytes_ -= before;
}

// A bulk stream whose window takes too long to pass, be it not through yet.
bool ReceiveCredit::is_late(const ReceiveWindow& window, Time now) const {
  return window.bulk && now - window.round_began > std::max(round_trip_ * kSlowRounds, kSlowTime);
}

void ReceiveCredit::judge(ReceiveWindow& window, Time now) {
  const Duration took = now - window.round_began;
  if (!window.bulk && took <= std::max(round_trip_ * kBulkRounds, kBulkTime)) {
    enter_bulk(window, now);
  } else if (is_late(window, now)) {
    leave_bulk(window);
  }
  window.round_bytes = 0;
  window.round_began = now;
}

void ReceiveCredit::count_pool(uint32_t bytes, Time now) {
  // What the bulk streams share is more than the pool where their least windows add up to more.
  const uint64_t shared = std::max<uint64_t>(pool_bytes_, uint64_t{bulk_streams()} * kLeastBulkWindow);
  pool_round_bytes_ += bytes;
  if (pool_round_bytes_ < shared) return;
  const Duration took = now - pool_round_began_;
  const uint32_t least = std::min(kFirstPoolBytes, limits_.window_budget_bytes);
  if (took <= round_trip_ * kGrowRounds) {
    pool_bytes_ = static_cast<uint32_t>(std::min<uint64_t>(shared * 2, limits_.window_budget_bytes));
  } else if (took > round_trip_ * kShrinkRounds + kShrinkTime) {
    pool_bytes_ = std::max(pool_bytes_ / 2, least);
  }
  pool_round_bytes_ = 0;
  pool_round_began_ = now;
}

void ReceiveCredit::enter_bulk(ReceiveWindow& window, Time now) {
  if (bulk_.empty()) {
    pool_round_began_ = now;
    pool_round_bytes_ = 0;
  }
  window.bulk = true;
  bulk_.push_back(&window);
  bulk_bytes_ += beyond(window.window, limits_.initial_window_bytes);
}

void ReceiveCredit::leave_bulk(ReceiveWindow& window) {
  if (!window.bulk) return;
  window.bulk = false;
  bulk_bytes_ -= beyond(window.window, limits_.initial_window_bytes);
  *std::find(bulk_.begin(), bulk_.end(), &window) = bulk_.back();
  bulk_.pop_back();
}

// A reader that has stopped passes nothing on by which it could be judged: the others see to it.
void ReceiveCredit::look_over(Time now) {
  if (bulk_.size() < 2 || now - looked_at_ < kLook) return;
  looked_at_ = now;
  for (size_t i = bulk_.size(); i-- > 0;) {
    if (is_late(*bulk_[i], now)) leave_bulk(*bulk_[i]);
  }
}

uint32_t ReceiveCredit::target_of(const ReceiveWindow& window) const {
  if (!window.bulk) return limits_.initial_window_bytes;
  const uint64_t share = std::max<uint64_t>(pool() / bulk_streams(), kLeastBulkWindow);
  const auto most = static_cast<uint32_t>(std::min<uint64_t>(share, limits_.max_window_bytes));
  return std::max(most, limits_.initial_window_bytes);
}

// What the bulk streams share now.
uint64_t ReceiveCredit::pool() const {
  const uint64_t budget = limits_.window_budget_bytes;
  const uint64_t taken = std::min((used_bytes_ - bulk_bytes_) * kStuckPart / kStuckParts, budget);
  const uint64_t pool = std::min<uint64_t>(pool_bytes_, budget - taken);
  if (limits_.shared_budget == nullptr) return pool;
  // As much as it leaves free for others.
  return std::min(pool, (bulk_bytes_ + limits_.shared_budget->free_bytes()) / 2);
}

// What the windows of bulk streams may grow by.
uint32_t ReceiveCredit::room() const {
  const uint64_t budget = limits_.window_budget_bytes;
  const uint64_t all = budget * kStuckParts / kStuckPart;
  const uint64_t of_bulk = bulk_bytes_ < budget ? budget - bulk_bytes_ : 0;
  const uint64_t of_all = used_bytes_ < all ? all - used_bytes_ : 0;
  const uint64_t room = std::min(of_bulk, of_all);
  if (limits_.shared_budget == nullptr) return static_cast<uint32_t>(room);
  return static_cast<uint32_t>(std::min(room, limits_.shared_budget->free_bytes()));
}

}  // namespace ingress::tunnel
