// How the orders of each certificate went, when the next may be, and how many an hour there are: what outlives a
// restart. Times are Unix seconds. Pure; it is text (JSON) for who keeps it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "common/base/clock.h"

namespace ingress::broker::acme {

struct BookLimits {
  Duration retry{0};  // after a first failure
  int orders = 1;     // an hour
  int project_orders = 1;
};

// How a certificate's orders went lately.
struct Standing {
  int failures = 0;  // of orders, since the last good one
  int looks = 0;     // in vain, since the last order: for what the owner has to make, or for a place for the pair
  int64_t failed_at = 0;
  int64_t next_try = 0;  // not before
  std::string last_error;
  bool unplaced = false;  // a pair was got, and waits to be put in its place
  bool held_off = false;  // by the rates: no order was made
};

// Why an order failed. What is missing on the owner's side (a record, an address) costs a DNS question alone and is
// looked at again soon, and so is whether a pair that was got can be put in its place; what the ACME server was asked
// for is waited with. Each kind by a count of its own.
enum class Failure : uint8_t { kUnready, kOrder, kUnplaced };

class OrderBook {
 public:
  explicit OrderBook(BookLimits limits) : limits_(limits) {}

  // nullptr where there is nothing to tell.
  const Standing* find(std::string_view name) const;
  // The first moment at which an order for the name may begin by what failed before, and by how many there were this
  // hour; `now` or before where it may begin.
  int64_t may_begin(std::string_view name, std::string_view project, int64_t now) const;
  // The same by the rates alone: for an order that somebody asks for.
  int64_t rates_allow(std::string_view project, int64_t now) const;

  void began(const std::string& project, int64_t now);
  void failed(const std::string& name, Failure failure, std::string error, int64_t now);
  // The rates leave no order for it before `until`, as rates_allow() says. A restart forgets it, as it does who asked.
  void held_off(const std::string& name, std::string why, int64_t until, int64_t now);
  // What was got for a name is not to be put in place any more.
  void withdrawn(std::string_view name);
  // Somebody wants it tried again.
  void forgive(std::string_view name);
  // It was issued, or is no longer wanted.
  void settled(std::string_view name);
  // Names that `wanted` says no of are forgotten.
  template <class Wanted>
  void keep(Wanted wanted) {
    std::erase_if(standings_, [&wanted](const auto& entry) { return !wanted(entry.first); });
  }

  std::string text() const;
  // What text() wrote; nothing of a text that is none.
  void read(std::string_view text, int64_t now);

 private:
  struct Order {
    int64_t at = 0;
    std::string project;
  };
  void forget_old(int64_t now);

  BookLimits limits_;
  std::map<std::string, Standing, std::less<>> standings_;
  std::deque<Order> orders_;  // of the last hour, the oldest first
};

}  // namespace ingress::broker::acme
