// What the owner of an exchange holds, inside the exchange's own memory, so that it costs no allocation. `Owner` is the
// exchange behind it: its end is abandon(). Private to common/origin.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "common/origin/origin_pool.h"

namespace ingress::origin {

template <class Owner>
class ExchangeHandle final : public Exchange {
 public:
  explicit ExchangeHandle(Owner& owner) : owner_(owner) {}
  ~ExchangeHandle() override { owner_.abandon(); }
  static void* operator new(size_t, void* place) { return place; }
  static void operator delete(void*) {}
  static void operator delete(void*, void*) {}

  size_t sendable() const override { return owner_.sendable(); }
  void send_data(MutableBytes payload, bool end) override { owner_.send_data(payload, end); }
  void send_trailers(const http::Fields& trailers) override { owner_.send_trailers(trailers); }
  void resume() override { owner_.resume(); }

 private:
  Owner& owner_;
};

// Room for one handle at a time.
class HandleMemory {
 public:
  template <class Owner>
  std::unique_ptr<Exchange> make(Owner& owner) {
    static_assert(sizeof(ExchangeHandle<Owner>) <= sizeof(memory_));
    return std::unique_ptr<Exchange>(new (memory_.data()) ExchangeHandle<Owner>(owner));
  }

 private:
  alignas(std::max_align_t) std::array<std::byte, 4 * sizeof(void*)> memory_;
};

// The same failure whatever the origin speaks.
inline constexpr Error kSilentOrigin{ErrorCode::kTimeout, Side::kOrigin, false, 0,
                                     "no byte from or to the origin for too long"};
inline constexpr Error kWrongRequestLength{ErrorCode::kBadRequest, Side::kClient, false, 0,
                                           "the request's body is not as long as its Content-Length"};

}  // namespace ingress::origin
