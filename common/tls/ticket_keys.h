// Keys of TLS session tickets (RFC 5077, RFC 8446 4.6.1): one maker rotates them, any number of readers, in other
// threads and other processes, look them up without a lock. Tickets are sealed with the newest key; those of the one
// before still open, and are renewed.
//
// A key lives in memory alone. It is overwritten once it opens nothing any more, so that who takes the memory later
// cannot read what was recorded long ago.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "common/base/clock.h"

namespace ingress::tls {

struct TicketKey {
  static constexpr size_t kNameBytes = 16;

  std::array<uint8_t, kNameBytes> name;  // in clear on each ticket
  std::array<uint8_t, 32> cipher;        // AES-256
  std::array<uint8_t, 32> mac;           // HMAC-SHA256
};

// What maker and readers share, at whatever address each of them has it. All zero: no keys yet.
class TicketKeyMemory {
 public:
  // The key that new tickets get; none before the maker began.
  std::optional<TicketKey> newest() const;

  struct Found {
    TicketKey key;
    bool newest = false;  // else a ticket that it opened is to be renewed
  };
  std::optional<Found> find(std::span<const uint8_t, TicketKey::kNameBytes> name) const;

  // Another program's memory may be laid out otherwise: it is not to be read then.
  bool readable() const { return layout_ == kLayout; }

 private:
  friend class TicketKeyMaker;
  static constexpr uint64_t kLayout = 0x696e67746b657901;  // ends in a version
  // A reader may look at two of them while the maker writes the one that nobody looks at.
  static constexpr size_t kSlots = 4;

  const TicketKey& made_as(uint64_t number) const { return slots_[(number - 1) % kSlots]; }

  uint64_t layout_ = 0;
  std::atomic<uint64_t> made_{0};  // how many so far
  std::array<TicketKey, kSlots> slots_{};
};

class TicketKeyMaker {
 public:
  static constexpr Duration kRotation = std::chrono::hours{12};
  // How often tick() is to be called; a key that is out of use is overwritten by the next but one.
  static constexpr Duration kTick = std::chrono::minutes{10};

  // Makes the first key. `memory` is all zero and outlives it; there is one maker.
  TicketKeyMaker(TicketKeyMemory& memory, Time now);
  void tick(Time now);

 private:
  void make(Time now);
  void forget_old();

  TicketKeyMemory& memory_;
  Time made_at_{};
};

}  // namespace ingress::tls
