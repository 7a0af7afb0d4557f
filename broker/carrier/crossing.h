// One loop's end of all streams that cross: whose client is here and whose machine is another loop's, and the other way
// round. Messages for another loop gather and leave at the end of the iteration, as one batch and one wake-up.
//
// Back-pressure. Up: the machine's loop promises what its stream may send (kCredit), and the client's loop reads the
// client so far and no further (on_sendable resumes it). Down: what the client has not taken is not given back
// (kConsumed), so the agent stops at the stream's window. Nothing else waits between the two: what is under way is
// bounded by the stream's windows.
// Thread: the loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/carrier/carried_stream.h"
#include "broker/carrier/crossing_message.h"
#include "broker/carrier/other_generations.h"
#include "broker/tunnel/tunnel_registry.h"
#include "common/uv/loop.h"

namespace ingress::broker {

class Crossing final : private uv::Flushable {
 public:
  // Both outlive it. `self` is this loop's number.
  Crossing(uv::Loop& loop, size_t self, TunnelRegistry& tunnels);
  ~Crossing();  // no stream of a client may be left
  Crossing(const Crossing&) = delete;
  Crossing& operator=(const Crossing&) = delete;

  // Those of all loops, by number, itself among them; before any loop runs. They outlive every loop's last iteration.
  void connect(std::vector<Crossing*> peers);

  // The first loop's alone: for streams that come here, and whose machine has no tunnel here. It outlives the crossing.
  void set_others(OtherGenerations& others) { others_ = &others; }

  // A stream on a tunnel of the machine, which is that loop's.
  FarStream* open(size_t loop, std::string_view machine, const tunnel::OpenHead& head, bool end,
                  tunnel::StreamHandler* handler);

  size_t self() const { return self_; }
  // Streams that were opened here so far.
  uint64_t opened() const { return next_stream_; }

 private:
  friend class CrossingStream;
  friend class CrossingEnd;
  using Batch = std::vector<CrossingMessage>;

  void send(size_t loop, CrossingMessage message);
  void flush() override;
  void take(size_t from, Batch& batch);
  void take_for_machine(size_t from, CrossingMessage& message);
  void take_for_client(CrossingMessage& message);
  void open_end(size_t from, const CrossingMessage& message);
  void bury_end(uint64_t key);
  tunnel::Stream* open_here(const CrossingMessage& message, tunnel::StreamHandler* handler, Error& why);

  uv::Loop& loop_;
  size_t self_;
  TunnelRegistry& tunnels_;
  OtherGenerations* others_ = nullptr;
  std::vector<Crossing*> peers_;
  std::vector<Batch> out_;                                                       // by loop
  std::unordered_map<uint64_t, std::unique_ptr<class CrossingStream>> streams_;  // of clients of this loop
  std::unordered_map<uint64_t, std::unique_ptr<class CrossingEnd>> ends_;        // on tunnels of this loop
  uint64_t next_stream_ = 0;
};

}  // namespace ingress::broker
