// Which of the broker's addresses a slot tries first, by what all slots of the agent know: they are to be at different
// ones, and one that is dead costs time once, not at each reconnection. Addresses are texts ("192.0.2.1:443"). No I/O.
// Thread: the loop's.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "common/base/clock.h"
#include "common/uv/socket.h"

namespace ingress::agent {

class BrokerAddresses {
 public:
  // Then an address that could not be reached is tried like the others again.
  static constexpr Duration kAvoided{60000};

  // `first_turn` is the turn of slot 0 (address_order.h), the next slot's is the next one.
  explicit BrokerAddresses(size_t first_turn) : first_turn_(first_turn) {}

  // The same set as `slot` tries it: first what is not avoided, then what has not failed this slot, then the family
  // that the resolver prefers, then where the fewest other slots are; of equals by turn.
  std::vector<uv::Address> in_order(std::vector<uv::Address> resolved, int slot, Time now) const;

  // The slot has its tunnel there or dials it; "" for nowhere.
  void set_place(int slot, const std::string& address) { slots_[slot].place = address; }
  // It could not be reached while another one could.
  void avoid(const std::string& address, Time now);
  void reached(const std::string& address) { avoided_.erase(address); }
  // The slot tried it and got no tunnel: it tries the others first, and the one that failed last at the end.
  void failed(int slot, const std::string& address) { slots_[slot].failed[address] = ++failures_; }
  // What has failed this slot is forgotten.
  void start_over(int slot) { slots_[slot].failed.clear(); }

 private:
  struct Slot {
    std::string place;
    std::map<std::string, size_t> failed;  // the higher, the later
  };
  // The lower, the earlier it is tried.
  using Rank = std::tuple<Time, size_t, bool, size_t>;

  Rank rank(const std::string& address, int slot, bool other_family, Time now) const;

  size_t first_turn_;
  size_t failures_ = 0;
  std::map<int, Slot> slots_;
  std::map<std::string, Time> avoided_;  // since when
};

}  // namespace ingress::agent
