// Readiness of the loop's sockets, by an edge-triggered epoll set of its own. Private to common/uv.
//
// A socket is registered once, for everything, and is told of changes; it knows itself whether there is more to read.
// So a pause, a resume and a full send buffer cost no system call, and a socket can be handed to another loop by its
// descriptor (decision 0006).
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/base/clock.h"

namespace ingress::uv {

// Who is told that a descriptor became ready.
class Polled {
 public:
  // EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR: at least those that hold now; 0 by Poller::again(). The callee
  // may destroy itself and any other.
  virtual void on_ready(uint32_t events) = 0;

 protected:
  ~Polled() = default;
};

class Poller {
 public:
  // Names a registration; a later one of the same descriptor has another.
  struct Ticket {
    int fd = -1;
    uint32_t generation = 0;
  };

  Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  // Asserts that nothing is registered.
  ~Poller();

  // `events` are epoll's; EPOLLET where `polled` reads and writes until the kernel says EAGAIN. 0, or a negated errno.
  int add(int fd, uint32_t events, Polled& polled, Ticket& ticket);
  // The same registration tells another from now on.
  void retarget(Ticket ticket, Polled& polled) { slots_[static_cast<size_t>(ticket.fd)].polled = &polled; }
  // Before the descriptor is closed, which ends its membership in the kernel's set, too, where no other descriptor of
  // the same socket lives on.
  void remove(Ticket ticket);
  // The same where the socket lives on: in another loop, or in another process. One system call.
  void release(Ticket ticket);
  bool holds(Ticket ticket) const {
    const Slot& slot = slots_[static_cast<size_t>(ticket.fd)];
    return slot.polled != nullptr && slot.generation == ticket.generation;
  }
  // Calls on_ready(0) after the next look at the kernel, which then does not wait: for who stopped before EAGAIN.
  void again(Ticket ticket) { again_.push_back(ticket); }
  bool has_again() const { return !again_.empty(); }
  size_t again_count() const { return again_.size(); }

  // One wait of `timeout_ms` at most (-1: for ever), and the calls. True where `watched_fd` is readable.
  bool wait(int timeout_ms);
  void dispatch();
  // A descriptor that wait() answers for: libuv's own set. 0, or a negated errno.
  int watch(int fd);

  // Sockets that wait for something; they keep the loop running.
  void count_active(int change) { active_ += change; }
  bool active() const { return active_ > 0; }

 private:
  struct Slot {
    Polled* polled = nullptr;
    uint32_t generation = 0;
  };
  static constexpr size_t kMostEvents = 1024;

  int epoll_fd_;
  int active_ = 0;
  int ready_ = 0;            // events_ that wait() brought
  std::vector<Slot> slots_;  // by descriptor
  std::vector<Ticket> again_;
  std::vector<Ticket> running_again_;  // keeps its memory from one iteration to the next
  std::array<epoll_event, kMostEvents> events_;
};

// Owns an open socket and its registration; closes both.
class PolledFd {
 public:
  PolledFd() = default;
  // Takes `fd` (at least 0), whether registering succeeds or not: ok() says it.
  PolledFd(Poller& poller, int fd, uint32_t events, Polled& polled);
  PolledFd(PolledFd&& other) noexcept
      : poller_(std::exchange(other.poller_, nullptr)), ticket_(std::exchange(other.ticket_, {})) {}
  PolledFd& operator=(PolledFd&& other) noexcept {
    std::swap(poller_, other.poller_);
    std::swap(ticket_, other.ticket_);
    return *this;
  }
  ~PolledFd();

  bool ok() const { return poller_ != nullptr; }
  int fd() const { return ticket_.fd; }
  Poller::Ticket ticket() const { return ticket_; }
  void retarget(Polled& polled) { poller_->retarget(ticket_, polled); }
  void again() { poller_->again(ticket_); }
  // The descriptor, open and no longer polled here, for another loop; nothing is left in this object. -1 where it has
  // none.
  int release();

 private:
  Poller* poller_ = nullptr;  // null: not registered
  Poller::Ticket ticket_;
};

// Of a stream socket: registered once, told of every change.
constexpr uint32_t kStreamEvents = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;

}  // namespace ingress::uv
