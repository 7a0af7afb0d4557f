// One who listens to exchanges, at whatever loop they are: a filter, and a bounded queue between the loops and the
// reader. Back-pressure: none towards the loops. Where the queue is full an event is lost, and the reader is told how
// many were. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "broker/observe/exchange_record.h"

namespace ingress::broker {

// What is wanted: each that is said has to be so.
struct ExchangeFilter {
  std::string host;  // without a port, in lower case; "*.example.com" is every host under it
  std::string machine;
  std::string project;  // by whose name it came, or whose route or machine it came to
  std::string method;   // in any case
  int least_status = 0;
  int most_status = 999;

  bool wants(const ExchangeRecord& record) const;
};

class ExchangeTap {
 public:
  static constexpr size_t kMostBytes = size_t{256} * 1024;

  // `on_some` is called, on the loop that puts, for the first event since take(): the reader is to take soon.
  // With `heads` its events have the fields of both heads, without their secrets.
  ExchangeTap(ExchangeFilter filter, std::function<void()> on_some, bool heads = false)
      : filter_(std::move(filter)), on_some_(std::move(on_some)), heads_(heads) {}

  bool wants(const ExchangeRecord& record) const { return filter_.wants(record); }
  bool wants_heads() const { return heads_; }
  void put(std::string_view event);

  struct Taken {
    std::string events;  // one behind the other, as they were put
    uint64_t lost = 0;   // after them
  };
  Taken take();

 private:
  const ExchangeFilter filter_;
  const std::function<void()> on_some_;
  const bool heads_;

  std::mutex mutex_;
  std::string events_;
  uint64_t lost_ = 0;
  bool told_ = false;
};

}  // namespace ingress::broker
