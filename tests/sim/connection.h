// A TCP connection of the simulated network and its two ends. What an end does is what socket(7) and tcp(7) say: bytes
// before the end or the error, half-close, RST at a close with bytes unread, RST for bytes to a closed end.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "common/base/bytes.h"
#include "tests/sim/link.h"

namespace ingress::sim {

struct SimAddress {
  uint32_t ip = 0;
  uint16_t port = 0;
};

class SimSocket;

// Who is told that something of a socket changed (data, room, the end, an error, a connection to accept).
class SocketWatcher {
 public:
  virtual void on_socket_change() = 0;

 protected:
  ~SocketWatcher() = default;
};

class SimSocket {
 public:
  SimSocket() = default;
  SimSocket(const SimSocket&) = delete;
  SimSocket& operator=(const SimSocket&) = delete;

  void set_watcher(SocketWatcher* watcher) { watcher_ = watcher; }
  // As recv(2) and send(2); a negated errno where they fail.
  ptrdiff_t recv(MutableBytes to);
  ptrdiff_t send(Bytes bytes);
  void shutdown();
  void reset_on_close() { abortive_ = true; }
  void close();
  // The host is gone: nobody is told, and what comes is answered by nobody.
  void vanish();
  // The host is back: bytes for what vanished are answered by RST.
  void answer_again() { vanished_ = false; }
  // An end whose connection is lost (ECONNRESET).
  void lose() { break_off(kLost); }
  // EPOLLIN, EPOLLOUT…: what holds now.
  uint32_t ready() const;
  bool reset() const { return reset_; }
  // As SO_ERROR: says it once.
  int take_error();
  // Sent and not read by the other end.
  size_t in_flight() const { return in_flight_; }
  size_t unread() const { return inbox_.size() - inbox_used_; }

  SimAddress local() const { return local_; }
  SimAddress peer() const { return peer_; }

 private:
  friend class Connection;
  enum class State : uint8_t { kConnecting, kOpen };
  static constexpr int kLost = ECONNRESET;

  size_t room() const { return in_flight_ < capacity_ ? capacity_ - in_flight_ : 0; }
  void notify();
  void break_off(int error);
  void acknowledge(size_t bytes);
  void take_acknowledged(size_t bytes);

  Connection* connection_ = nullptr;
  int side_ = 0;
  SocketWatcher* watcher_ = nullptr;
  SimAddress local_;
  SimAddress peer_;
  State state_ = State::kConnecting;
  std::string inbox_;
  size_t inbox_used_ = 0;
  size_t capacity_ = 0;
  size_t in_flight_ = 0;  // sent by this end and not read by the other
  size_t freed_ = 0;      // read by this end, to be told to the other
  bool freeing_ = false;
  bool no_room_ = false;  // send() found none: EPOLLOUT is due
  bool fin_in_ = false;
  bool fin_sent_ = false;
  bool reset_ = false;
  bool closed_ = false;
  bool vanished_ = false;
  bool abortive_ = false;
  int error_ = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  explicit Connection(Link& link);

  static std::shared_ptr<SimSocket> end(const std::shared_ptr<Connection>& connection, int side);
  void name(SimAddress first, SimAddress second);
  void opened(int side);
  void refused(int error);
  bool open() const;
  // RST arrives at both ends.
  void cut();
  Link& link() { return link_; }
  Flow& flow(int side) { return flows_[side]; }

 private:
  friend class SimSocket;
  SimSocket& other(int side) { return ends_[1 - side]; }
  void send_data(int side, Bytes bytes);
  void send_fin(int side);
  void send_reset(int side);
  void arrive(int side, const std::string& bytes);

  Link& link_;
  SimSocket ends_[2];
  Flow flows_[2];      // from that side
  Flow ack_flows_[2];  // the same, for what says that bytes were read
};

}  // namespace ingress::sim
