// A peer of the product that is not the product's: it lives in the network itself, without a process or a loop.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tests/sim/network.h"

namespace ingress::sim {

class StreamActor : private SocketWatcher {
 public:
  StreamActor(Network& network, std::shared_ptr<SimSocket> socket);
  StreamActor(const StreamActor&) = delete;
  StreamActor& operator=(const StreamActor&) = delete;
  virtual ~StreamActor();

 protected:
  virtual void on_bytes(std::string_view bytes) = 0;
  // The other side sends no more.
  virtual void on_end() = 0;
  // Refused, reset or timed out: nothing comes any more.
  virtual void on_broken() = 0;
  // All that was written has been taken.
  virtual void on_written() = 0;

  void write(std::string_view bytes);
  bool written() const { return out_.empty(); }
  void close(bool reset = false);
  bool closed() const { return socket_ == nullptr; }
  void finish_writing();
  // At most `bytes` are read at once, with a pause behind each time; 0 bytes: nothing until it is set again.
  void set_pace(size_t bytes, Micros pause);
  void later(Micros delay, std::function<void()> what);
  Network& network() { return network_; }

 private:
  void on_socket_change() override { wake(Micros{0}); }
  void wake(Micros delay);
  void pump();
  bool read_some();
  void write_some();

  Network& network_;
  std::shared_ptr<SimSocket> socket_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::string out_;
  size_t pace_bytes_ = 16384;
  Micros pace_pause_{0};
  bool waking_ = false;
  bool resting_ = false;
  bool end_told_ = false;
  bool finish_ = false;
  bool broken_ = false;  // writing failed
};

}  // namespace ingress::sim
