// Credit that this end grants: how many bytes the peer may send on each stream, and when more is given.
//
// Every stream has a window: what the peer may still send, what the reader holds, and what the reader has passed on but
// was not granted again yet. It begins with the session's initial window and gets it back in steps, so that short
// messages cause no WINDOW frame. A stream whose reader passes on a whole window within a few round trips is *bulk*:
// its window grows to its share of the session's pool. The pool begins small and doubles while the bulk streams use all
// of it within two round trips (it is smaller than the bandwidth-delay product), so that no more bytes are under way
// than the line needs; the sum of everything beyond the initial windows of bulk streams never passes the session's
// budget. More bulk streams make smaller shares: a window above its share is not filled up again.
//
// A reader that falls behind, or stops, is not bulk any more. What it was granted before can't be taken back: it counts
// as stuck until it is passed on, and does not take from the others what they need. Each stuck byte makes the pool a
// little smaller, so that bulk and stuck together stay below one and a half budgets, however many readers stop.
//
// Sessions may share a CreditBudget: then a session's pool is no larger than what it leaves free there, and nothing is
// granted beyond the initial windows once all of it is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/base/clock.h"

namespace ingress::tunnel {

struct SessionLimits;

// The receiving side of one stream. It stays where it is from open() to close().
struct ReceiveWindow {
  uint32_t window = 0;       // credit + held by the reader + owed
  uint32_t credit = 0;       // bytes that the peer may still send
  uint32_t owed = 0;         // passed on by the reader, not granted again yet
  uint32_t round_bytes = 0;  // passed on since round_began
  Time round_began{};
  bool bulk = false;
  bool ended = false;  // the peer will send no more

  uint32_t held() const { return window - credit - owed; }
};

class ReceiveCredit {
 public:
  static constexpr uint32_t kMostStepBytes = 32 * 1024;
  static constexpr uint32_t kLeastBulkWindow = 64 * 1024;
  static constexpr uint32_t kFirstPoolBytes = 512 * 1024;
  // How often bulk streams are looked over for readers that have stopped.
  static constexpr Duration kLook{20};

  explicit ReceiveCredit(const SessionLimits& limits);  // `limits` outlive it
  ~ReceiveCredit();
  ReceiveCredit(const ReceiveCredit&) = delete;
  ReceiveCredit& operator=(const ReceiveCredit&) = delete;

  void open(ReceiveWindow& window, Time now) const;
  // Takes `bytes` off the credit; false where there is less.
  bool admit(ReceiveWindow& window, uint32_t bytes, Time now) const;
  // The reader has passed on `bytes`. Returns what is to be granted to the peer now, 0 for nothing.
  uint32_t consumed(ReceiveWindow& window, uint32_t bytes, Time now);
  // What is owed, to be granted along with a frame that is sent anyway.
  uint32_t take_owed(ReceiveWindow& window) const;
  // The peer's side has ended; what the reader still holds may be consumed().
  void end(ReceiveWindow& window);
  // The stream is gone.
  void close(ReceiveWindow& window);

  // The round trip that is taken for the line's delay; 1 ms until it is known.
  void set_round_trip(Duration round_trip) { round_trip_ = round_trip; }

  uint32_t bulk_streams() const { return static_cast<uint32_t>(bulk_.size()); }
  uint32_t pool_bytes() const { return pool_bytes_; }
  // Granted beyond the initial windows: all of it, below one and a half budgets, and that of the bulk streams, never
  // above the budget.
  uint64_t used_bytes() const { return used_bytes_; }
  uint64_t bulk_bytes() const { return bulk_bytes_; }

 private:
  void resize(ReceiveWindow& window, uint32_t size);
  bool is_late(const ReceiveWindow& window, Time now) const;
  void judge(ReceiveWindow& window, Time now);
  void count_pool(uint32_t bytes, Time now);
  void enter_bulk(ReceiveWindow& window, Time now);
  void leave_bulk(ReceiveWindow& window);
  void look_over(Time now);
  uint32_t target_of(const ReceiveWindow& window) const;
  uint64_t pool() const;
  uint32_t room() const;

  const SessionLimits& limits_;
  Duration round_trip_{1};
  Time pool_round_began_{};
  uint32_t pool_round_bytes_ = 0;
  uint32_t pool_bytes_;
  uint64_t used_bytes_ = 0;
  uint64_t bulk_bytes_ = 0;
  std::vector<ReceiveWindow*> bulk_;
  Time looked_at_{};
};

}  // namespace ingress::tunnel
