// Connects to the first of several addresses that answers (as RFC 8305 says): the next one is begun once the one before
// it has failed, or has not answered for a while; that one goes on beside it. While one that does not answer is all
// that is left, those that failed are tried again: what restarts there is not missed. Thread: the loop's.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <vector>

#include "common/base/deadline.h"
#include "common/uv/loop.h"
#include "common/uv/socket.h"

namespace ingress::agent {

class AddressRaceOwner {
 public:
  // Those that are under way are given up, and are next() behind those that were not begun.
  virtual void on_reached(const uv::Address& address, std::unique_ptr<uv::Socket> socket) = 0;
  // This one failed; others go on.
  virtual void on_unreached(const uv::Address& address, const Error& error) = 0;
  // All have, and none is under way: on_unreached() was called for the last.
  virtual void on_none_reached() = 0;

 protected:
  ~AddressRaceOwner() = default;
};

class AddressRace final : private DeadlineHandler {
 public:
  // Between the beginnings of two.
  static constexpr Duration kNextAddress{250};
  // The longest wait before one that refused is tried again.
  static constexpr Duration kMostAgain{2000};

  // `addresses` in the order to try them in, at least one. Nothing happens before go_on().
  AddressRace(uv::Loop& loop, std::vector<uv::Address> addresses, AddressRaceOwner& owner);
  ~AddressRace();
  AddressRace(const AddressRace&) = delete;
  AddressRace& operator=(const AddressRace&) = delete;

  // Begins with next(): at first, and after one was reached that is of no use. The owner's calls come later, never from
  // here.
  void go_on();
  // Not begun yet, or given up for another.
  bool has_next() const { return !left_.empty(); }
  const uv::Address& next() const { return left_.front(); }
  bool running() const { return !runners_.empty(); }
  // All that were begun, in order, each time that they were.
  const std::vector<uv::Address>& begun() const { return begun_; }

 private:
  struct Runner {
    uv::Address address;
    std::unique_ptr<uv::Connecting> connecting;
  };
  using Runners = std::list<Runner>;

  // The front of `from`.
  void begin(std::deque<uv::Address>& from);
  void on_connected(Runners::iterator runner, Result<std::unique_ptr<uv::Socket>> connected);
  // DeadlineHandler: the latest has not answered for a while
  void on_deadline(Deadline& deadline) override;

  uv::Loop& loop_;
  AddressRaceOwner& owner_;
  std::deque<uv::Address> left_;
  std::deque<uv::Address> failed_;  // while others run
  std::vector<uv::Address> begun_;
  Duration again_after_{kNextAddress};  // until one that refused is tried again, where nothing else is left
  Runners runners_;
  Deadline deadline_;
};

}  // namespace ingress::agent
