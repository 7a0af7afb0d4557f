// What the fuzz targets of the tunnel share: bytes in memory of exactly their size, and one end of a session.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "common/tunnel/frame.h"
#include "common/tunnel/session.h"
#include "proto/tunnel.pb.h"

namespace ingress::tunnel::fuzz {

// Ends the run as a finding; not assert(), so that it holds in every build.
inline void require(bool good) {
  if (!good) std::abort();
}

class Payload {
 public:
  explicit Payload(Bytes bytes) : size_(bytes.size()), memory_(new uint8_t[kHeadroomBytes + bytes.size()]) {
    std::copy(bytes.begin(), bytes.end(), memory_.get() + kHeadroomBytes);
  }
  MutableBytes span() { return {memory_.get() + kHeadroomBytes, size_}; }

 private:
  size_t size_;
  std::unique_ptr<uint8_t[]> memory_;
};

struct Sink final : FrameSink {
  void write(Bytes bytes) override { out.insert(out.end(), bytes.begin(), bytes.end()); }
  size_t room() const override { return room_bytes; }
  std::vector<uint8_t> out;
  size_t room_bytes = 1 << 20;
};

inline std::vector<uint8_t> frame(FrameType type, uint8_t flags, uint32_t id, Bytes payload) {
  std::vector<uint8_t> bytes(kFrameHeaderBytes + payload.size());
  write_frame_header(bytes.data(), {static_cast<uint32_t>(payload.size()), static_cast<uint8_t>(type), flags, id});
  std::copy(payload.begin(), payload.end(), bytes.begin() + kFrameHeaderBytes);
  return bytes;
}

// The peer's part of the handshake.
inline std::vector<uint8_t> opening_of_peer(Role role) {
  if (role == Role::kBroker) {
    pb::Hello hello;
    hello.set_initial_window_bytes(32768);
    return frame(FrameType::kHello, 0, 0, as_bytes(hello.SerializeAsString()));
  }
  pb::Welcome welcome;
  welcome.set_version(1);
  return frame(FrameType::kWelcome, 0, 0, as_bytes(welcome.SerializeAsString()));
}

// Reads an input as numbers; 0 where it is used up.
class Input {
 public:
  explicit Input(Bytes bytes) : left_(bytes) {}
  bool empty() const { return left_.empty(); }
  uint8_t byte() {
    if (left_.empty()) return 0;
    const uint8_t value = left_.front();
    left_ = left_.subspan(1);
    return value;
  }
  uint32_t u16() {
    const uint32_t high = byte();
    return high << 8 | byte();
  }
  Bytes bytes(size_t size) {
    const Bytes taken = left_.first(std::min(size, left_.size()));
    left_ = left_.subspan(taken.size());
    return taken;
  }
  Bytes rest() { return bytes(left_.size()); }

 private:
  Bytes left_;
};

}  // namespace ingress::tunnel::fuzz
