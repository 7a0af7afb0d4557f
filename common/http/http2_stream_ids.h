// Which stream numbers a client has used, as far back as it matters: nghttp2 forgets closed streams, and then can't
// tell what is late on one of them from a number that was passed over (RFC 9113, 5.1.1). Private to common/http.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>

namespace ingress::http {

class Http2StreamIds {
 public:
  // A stream is opened; client's numbers are odd.
  void open(int32_t id) {
    const uint32_t at = place(id);
    if (at < next_) return;
    if (at - next_ >= kRemembered) {
      opened_.reset();
      next_ = at;
    }
    for (; next_ < at; ++next_) opened_.reset(next_ % kRemembered);
    opened_.set(at % kRemembered);
    next_ = at + 1;
  }
  // True where a greater number was opened and this one never was. Those too far back are taken for opened.
  bool passed_over(int32_t id) const {
    const uint32_t at = place(id);
    return at < next_ && next_ - at < kRemembered && !opened_.test(at % kRemembered);
  }

 private:
  static constexpr uint32_t kRemembered = 1024;
  static uint32_t place(int32_t id) { return static_cast<uint32_t>(id) / 2; }

  std::bitset<kRemembered> opened_;
  uint32_t next_ = 0;  // above every place that was opened
};

}  // namespace ingress::http
