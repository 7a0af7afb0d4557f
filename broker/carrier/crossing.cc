#include "broker/carrier/crossing.h"

#include <cassert>
#include <utility>

#include "broker/carrier/crossing_end.h"
#include "broker/carrier/crossing_stream.h"

namespace ingress::broker {
namespace {

constexpr unsigned kLoopShift = 48;

// Streams of several loops end on one: their numbers are told apart by the loop's.
uint64_t key_of(size_t loop, uint64_t stream) { return static_cast<uint64_t>(loop) << kLoopShift | stream; }

}  // namespace

Crossing::Crossing(uv::Loop& loop, size_t self, TunnelRegistry& tunnels)
    : loop_(loop), self_(self), tunnels_(tunnels) {}

Crossing::~Crossing() {
  assert(streams_.empty());
  ends_.clear();
  loop_.forget_flush(*this);
}

void Crossing::connect(std::vector<Crossing*> peers) {
  peers_ = std::move(peers);
  out_.resize(peers_.size());
}

FarStream* Crossing::open(size_t loop, std::string_view machine, const tunnel::OpenHead& head, bool end,
                          tunnel::StreamHandler* handler) {
  const uint64_t number = next_stream_++;
  auto stream = std::make_unique<CrossingStream>(*this, loop, number, handler);
  FarStream* const opened = stream.get();
  streams_.emplace(number, std::move(stream));
  CrossingMessage message;
  message.kind = CrossingMessage::Kind::kOpen;
  message.stream = number;
  message.machine = machine;
  message.head = std::make_unique<HeadCopy>(head);
  message.end = end;
  send(loop, std::move(message));
  return opened;
}

void Crossing::send(size_t loop, CrossingMessage message) {
  out_[loop].push_back(std::move(message));
  loop_.flush_later(*this);
}

void Crossing::flush() {
  for (size_t loop = 0; loop < out_.size(); ++loop) {
    if (out_[loop].empty()) continue;
    auto batch = std::make_shared<Batch>(std::exchange(out_[loop], {}));
    Crossing* const peer = peers_[loop];
    peer->loop_.post([peer, from = self_, batch = std::move(batch)] { peer->take(from, *batch); });
  }
}

void Crossing::take(size_t from, Batch& batch) {
  for (CrossingMessage& message : batch) {
    if (message.to_machine()) {
      take_for_machine(from, message);
    } else {
      take_for_client(message);
    }
  }
}

// What is for a stream that has ended here meanwhile goes nowhere.
void Crossing::take_for_machine(size_t from, CrossingMessage& message) {
  if (message.kind == CrossingMessage::Kind::kOpen) return open_end(from, message);
  const auto found = ends_.find(key_of(from, message.stream));
  if (found == ends_.end()) return;
  if (message.kind != CrossingMessage::Kind::kAbandon) return found->second->take(message);
  found->second->abandon(message.code);
  ends_.erase(found);
}

void Crossing::open_end(size_t from, const CrossingMessage& message) {
  const uint64_t key = key_of(from, message.stream);
  auto end = std::make_unique<CrossingEnd>(*this, key, from, message.stream);
  if (end->open(message)) ends_.emplace(key, std::move(end));
}

tunnel::Stream* Crossing::open_here(const CrossingMessage& message, tunnel::StreamHandler* handler, Error& why) {
  const tunnel::OpenHead& head = message.head->open;
  tunnel::Stream* const stream = tunnels_.open(message.machine, head, message.end, handler, why);
  if (stream != nullptr || others_ == nullptr || !others_->hold(message.machine)) return stream;
  return others_->open(message.machine, head, message.end, handler, why);
}

void Crossing::take_for_client(CrossingMessage& message) {
  const auto found = streams_.find(message.stream);
  if (found == streams_.end()) return;
  if (message.kind != CrossingMessage::Kind::kClosed) return found->second->take(message);
  const std::unique_ptr<CrossingStream> ended = std::move(found->second);
  streams_.erase(found);
  ended->handler()->on_closed(message.error, message.code);
}

void Crossing::bury_end(uint64_t key) {
  const auto found = ends_.find(key);
  loop_.bury(std::move(found->second));
  ends_.erase(found);
}

}  // namespace ingress::broker
