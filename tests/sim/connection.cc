#include "tests/sim/connection.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ingress::sim {

void SimSocket::notify() {
  if (watcher_ != nullptr && !closed_) watcher_->on_socket_change();
}

uint32_t SimSocket::ready() const {
  if (state_ == State::kConnecting && !reset_) return 0;
  uint32_t events = 0;
  if (unread() > 0 || fin_in_ || reset_) events |= EPOLLIN;
  if (fin_in_ || reset_) events |= EPOLLRDHUP;
  if (reset_ || (fin_in_ && fin_sent_)) events |= EPOLLHUP;
  if (error_ != 0) events |= EPOLLERR;
  if (reset_ || (!no_room_ && room() > 0)) events |= EPOLLOUT;
  return events;
}

int SimSocket::take_error() { return std::exchange(error_, 0); }

ptrdiff_t SimSocket::recv(MutableBytes to) {
  if (unread() > 0) {
    const size_t size = std::min(to.size(), unread());
    std::memcpy(to.data(), inbox_.data() + inbox_used_, size);
    inbox_used_ += size;
    if (unread() == 0) {
      inbox_.clear();
      inbox_used_ = 0;
    }
    acknowledge(size);
    return static_cast<ptrdiff_t>(size);
  }
  if (error_ != 0) return -take_error();
  return fin_in_ || reset_ ? 0 : -EAGAIN;
}

ptrdiff_t SimSocket::send(Bytes bytes) {
  if (error_ != 0) return -take_error();
  if (reset_ || fin_sent_) return -EPIPE;
  if (state_ == State::kConnecting) return -EAGAIN;
  const size_t size = std::min(bytes.size(), room());
  if (size < bytes.size()) no_room_ = true;
  if (size == 0) return -EAGAIN;
  in_flight_ += size;
  connection_->send_data(side_, bytes.first(size));
  return static_cast<ptrdiff_t>(size);
}

// The peer hears of it late where that matters: when it has no room.
void SimSocket::acknowledge(size_t bytes) {
  if (connection_ == nullptr) return;
  SimSocket& sender = connection_->other(side_);
  if (!sender.no_room_ && sender.in_flight_ <= sender.capacity_ / 2) return sender.take_acknowledged(bytes);
  freed_ += bytes;
  if (std::exchange(freeing_, true)) return;
  connection_->link_.carry(connection_->ack_flows_[side_], [keep = connection_->shared_from_this(), this] {
    freeing_ = false;
    keep->other(side_).take_acknowledged(std::exchange(freed_, 0));
  });
}

void SimSocket::take_acknowledged(size_t bytes) {
  in_flight_ -= std::min(bytes, in_flight_);
  // As Linux does, only once there is room worth waking for.
  if (!no_room_ || room() < std::max<size_t>(capacity_ / 3, 1)) return;
  no_room_ = false;
  notify();
}

void SimSocket::shutdown() {
  if (reset_ || std::exchange(fin_sent_, true) || connection_ == nullptr) return;
  connection_->send_fin(side_);
}

void SimSocket::break_off(int error) {
  if (reset_) return;
  reset_ = true;
  error_ = error;
  notify();
}

void SimSocket::close() {
  if (std::exchange(closed_, true)) return;
  watcher_ = nullptr;
  if (reset_ || connection_ == nullptr) return;
  if (abortive_ || unread() > 0) {
    connection_->send_reset(side_);
  } else if (!std::exchange(fin_sent_, true)) {
    connection_->send_fin(side_);
  }
}

void SimSocket::vanish() {
  closed_ = vanished_ = true;
  watcher_ = nullptr;
}

Connection::Connection(Link& link) : link_(link) {
  for (int side = 0; side < 2; ++side) {
    ends_[side].connection_ = this;
    ends_[side].side_ = side;
    ends_[side].capacity_ = link.buffer_bytes();
  }
}

std::shared_ptr<SimSocket> Connection::end(const std::shared_ptr<Connection>& connection, int side) {
  return {connection, &connection->ends_[side]};
}

void Connection::name(SimAddress first, SimAddress second) {
  ends_[0].local_ = ends_[1].peer_ = first;
  ends_[1].local_ = ends_[0].peer_ = second;
}

void Connection::opened(int side) {
  ends_[side].state_ = SimSocket::State::kOpen;
  ends_[side].notify();
}

void Connection::refused(int error) { ends_[0].break_off(error); }

bool Connection::open() const {
  return !ends_[0].reset_ && !ends_[1].reset_ && !(ends_[0].closed_ && ends_[1].closed_);
}

void Connection::cut() {
  for (SimSocket& each : ends_) each.break_off(ECONNRESET);
}

void Connection::send_data(int side, Bytes bytes) {
  while (!bytes.empty()) {
    const size_t size = link_.piece(bytes.size());
    link_.carry(flows_[side], [keep = shared_from_this(), side, piece = std::string(as_text(bytes.first(size)))] {
      keep->arrive(1 - side, piece);
    });
    bytes = bytes.subspan(size);
  }
}

void Connection::arrive(int side, const std::string& bytes) {
  SimSocket& to = ends_[side];
  if (to.vanished_ || to.reset_) return;
  if (to.closed_) return send_reset(side);
  to.inbox_ += bytes;
  to.notify();
}

void Connection::send_fin(int side) {
  link_.carry(flows_[side], [keep = shared_from_this(), side] {
    SimSocket& to = keep->ends_[1 - side];
    to.fin_in_ = true;
    to.notify();
  });
}

void Connection::send_reset(int side) {
  link_.carry(flows_[side], [keep = shared_from_this(), side] { keep->ends_[1 - side].break_off(ECONNRESET); });
}

}  // namespace ingress::sim
