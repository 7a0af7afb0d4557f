#include "common/uv/poller.h"

#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

namespace ingress::uv {
namespace {

constexpr uint64_t kWatched = ~uint64_t{0};

uint64_t key_of(Poller::Ticket ticket) {
  return static_cast<uint64_t>(ticket.generation) << 32 | static_cast<uint32_t>(ticket.fd);
}

Poller::Ticket ticket_of(uint64_t key) {
  return {static_cast<int>(static_cast<uint32_t>(key)), static_cast<uint32_t>(key >> 32)};
}

}  // namespace

Poller::Poller() : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)) { assert(epoll_fd_ >= 0); }

Poller::~Poller() {
  assert(std::all_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.polled == nullptr; }));
  close(epoll_fd_);
}

int Poller::add(int fd, uint32_t events, Polled& polled, Ticket& ticket) {
  const auto index = static_cast<size_t>(fd);
  if (index >= slots_.size()) slots_.resize(std::max(index + 1, slots_.size() * 2));
  Slot& slot = slots_[index];
  assert(slot.polled == nullptr);
  ticket = {fd, slot.generation};
  epoll_event event{};
  event.events = events;
  event.data.u64 = key_of(ticket);
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) return -errno;
  slot.polled = &polled;
  return 0;
}

void Poller::remove(Ticket ticket) {
  Slot& slot = slots_[static_cast<size_t>(ticket.fd)];
  slot.polled = nullptr;
  // Of the events that one wait brought, those of the descriptor's earlier life are not its next one's.
  ++slot.generation;
}

void Poller::release(Ticket ticket) {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, ticket.fd, nullptr);
  remove(ticket);
}

int Poller::watch(int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWatched;
  return epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

bool Poller::wait(int timeout_ms) {
  running_again_.swap(again_);
  if (!running_again_.empty()) timeout_ms = 0;
  ready_ = epoll_wait(epoll_fd_, events_.data(), static_cast<int>(events_.size()), timeout_ms);
  const auto watched = [](const epoll_event& event) { return event.data.u64 == kWatched; };
  return ready_ > 0 && std::any_of(events_.data(), events_.data() + ready_, watched);
}

void Poller::dispatch() {
  for (int i = 0; i < ready_; ++i) {
    const epoll_event& event = events_[static_cast<size_t>(i)];
    if (event.data.u64 == kWatched) continue;
    const Ticket ticket = ticket_of(event.data.u64);
    if (holds(ticket)) slots_[static_cast<size_t>(ticket.fd)].polled->on_ready(event.events);
  }
  for (const Ticket ticket : running_again_) {
    if (holds(ticket)) slots_[static_cast<size_t>(ticket.fd)].polled->on_ready(0);
  }
  running_again_.clear();
}

PolledFd::PolledFd(Poller& poller, int fd, uint32_t events, Polled& polled) {
  if (poller.add(fd, events, polled, ticket_) == 0) {
    poller_ = &poller;
  } else {
    ticket_ = {};
    close(fd);
  }
}

int PolledFd::release() {
  if (poller_ != nullptr) std::exchange(poller_, nullptr)->release(ticket_);
  return std::exchange(ticket_, {}).fd;
}

PolledFd::~PolledFd() {
  if (poller_ == nullptr) return;
  poller_->remove(ticket_);
  close(ticket_.fd);
}

}  // namespace ingress::uv
