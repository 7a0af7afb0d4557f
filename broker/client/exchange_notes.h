// What is noted of an exchange on its way, for its record. Reused from one request to the next, so that nothing is
// allocated in steady state. Private to broker/client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "broker/observe/exchange_observer.h"
#include "broker/routing/route_index.h"
#include "common/base/words.h"
#include "common/http/forward_rules.h"

namespace ingress::broker {

// A copy of a text that is never longer.
template <size_t kMost>
class IdText {
 public:
  void assign(std::string_view text) {
    size_ = static_cast<uint8_t>(text.size() < kMost ? text.size() : kMost);
    copy_short(bytes_, text.data(), size_);
  }
  std::string_view view() const { return {bytes_, size_}; }

 private:
  char bytes_[kMost];
  uint8_t size_ = 0;
};

struct ExchangeNotes {
  FineTime began{};
  HopTimes times;  // but for the total
  RouteClass route_class = RouteClass::kNone;
  std::string project;
  std::string tenant;
  std::string route;
  IdText<32> trace_id;
  IdText<128> request_id;
  uint64_t bytes_in = 0;
  MachineCounts* machine = nullptr;  // while the exchange is counted there
  uint64_t lasting_told = 0;         // the observer's round in which it was told that the exchange lasts; 0: in none
  std::string heads;                 // of who listens to them (ExchangeRecord); "" where nobody does

  // A request's head has been read.
  void begin(FineTime now);
  // Where its host leads, as far as it does.
  void led(const Resolution& found);
  // It is for that machine, and no longer for another one.
  void enter(ExchangeObserver& observer, std::string_view machine_id);
  // It was let in, and a stream for it was opened, or not yet.
  void let_in(FineTime now, bool opened);
  void answered(FineTime now) { times.first_byte = since_begin(now); }
  void sent_with(const http::RequestIds& ids);
  // For who listens to heads; `answer` is null where there is none of an origin's.
  void keep_heads(const http::Fields& request, const http::Fields* answer);
  // Into a record; what a request that went nowhere said of itself comes from its own fields.
  void fill(ExchangeRecord& record, FineTime now) const;

 private:
  Micros since_begin(FineTime now) const { return std::chrono::duration_cast<Micros>(now - began); }
};

}  // namespace ingress::broker
