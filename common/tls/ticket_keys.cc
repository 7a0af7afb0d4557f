#include "common/tls/ticket_keys.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <string>

#include "common/tls/digest.h"

namespace ingress::tls {
namespace {

template <size_t kBytes>
void fill(std::array<uint8_t, kBytes>& part) {
  std::string random = random_bytes(kBytes);
  std::copy(random.begin(), random.end(), part.begin());
  OPENSSL_cleanse(random.data(), random.size());
}

}  // namespace

std::optional<TicketKey> TicketKeyMemory::newest() const {
  const uint64_t made = made_.load(std::memory_order_acquire);
  if (made == 0) return std::nullopt;
  return made_as(made);
}

std::optional<TicketKeyMemory::Found> TicketKeyMemory::find(
    std::span<const uint8_t, TicketKey::kNameBytes> name) const {
  const uint64_t made = made_.load(std::memory_order_acquire);
  for (uint64_t number = made; number > 0 && made - number < 2; --number) {
    const TicketKey& key = made_as(number);
    if (std::equal(name.begin(), name.end(), key.name.begin())) return Found{key, number == made};
  }
  return std::nullopt;
}

TicketKeyMaker::TicketKeyMaker(TicketKeyMemory& memory, Time now) : memory_(memory) {
  make(now);
  memory_.layout_ = TicketKeyMemory::kLayout;
}

void TicketKeyMaker::tick(Time now) { now - made_at_ >= kRotation ? make(now) : forget_old(); }

void TicketKeyMaker::make(Time now) {
  const uint64_t made = memory_.made_.load(std::memory_order_relaxed);
  TicketKey& key = memory_.slots_[made % TicketKeyMemory::kSlots];
  fill(key.name);
  fill(key.cipher);
  fill(key.mac);
  memory_.made_.store(made + 1, std::memory_order_release);
  made_at_ = now;
}

// A tick after the rotation: no reader is still at what it looked up before.
void TicketKeyMaker::forget_old() {
  const uint64_t made = memory_.made_.load(std::memory_order_relaxed);
  for (size_t after = 0; after < TicketKeyMemory::kSlots - 2; ++after) {
    TicketKey& key = memory_.slots_[(made + after) % TicketKeyMemory::kSlots];
    OPENSSL_cleanse(&key, sizeof key);
  }
}

}  // namespace ingress::tls
