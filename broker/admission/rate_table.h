// How many requests, running exchanges and bytes a client or a port may have: token buckets by name. One of each loop:
// a machine's clients are served on one. Thread: the loop's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "broker/policy/policy.h"
#include "common/base/clock.h"

namespace ingress::broker {

class RateBucket {
 public:
  explicit RateBucket(Time now) : at_(now) {}

  // One request more; how long to wait where it is one too many.
  std::optional<Duration> take_request(const RateRule& rule, Time now);
  bool take_stream(const RateRule& rule);
  void give_stream() { --streams_; }
  // Bytes have passed; how long the next have to wait.
  Duration take_bytes(uint64_t bytes, uint64_t per_second, Time now);

  bool in_use() const { return streams_ > 0; }
  Time last_used() const { return at_; }

 private:
  bool begun_ = false;
  double requests_ = 0;  // that may come at once, as of requests_at_
  Time at_;              // of its last use, whatever that was
  Time requests_at_{};
  Time bytes_at_{};
  double bytes_owed_ = 0;
  int streams_ = 0;
};

// A running exchange's place in a bucket. Destroying it gives the place back.
class RateHold {
 public:
  RateHold(std::shared_ptr<RateBucket> bucket, uint64_t bytes_per_second)
      : bucket_(std::move(bucket)), bytes_per_second_(bytes_per_second) {}
  ~RateHold() { bucket_->give_stream(); }
  RateHold(const RateHold&) = delete;
  RateHold& operator=(const RateHold&) = delete;

  bool limits_bytes() const { return bytes_per_second_ > 0; }
  Duration take_bytes(uint64_t bytes, Time now) { return bucket_->take_bytes(bytes, bytes_per_second_, now); }

 private:
  std::shared_ptr<RateBucket> bucket_;
  uint64_t bytes_per_second_;
};

class RateTable {
 public:
  // Of more, those that were not used for a minute are forgotten, and then those of clients that hold nothing; not
  // oftener than once a second. Those of routes and projects only where there are four times as many.
  static constexpr size_t kMostBuckets = 50'000;
  // Stands in the names that are a client's own, and in no other.
  static constexpr char kClientMark = '|';

  struct Taken {
    std::unique_ptr<RateHold> hold;  // null: refused
    Duration wait{0};                // then: how long
  };
  Taken take(const RateRule& rule, const std::string& name, Time now);
  size_t size() const { return buckets_.size(); }

 private:
  void forget_unused(Time now);

  std::unordered_map<std::string, std::shared_ptr<RateBucket>> buckets_;
  Time next_sweep_{};
};

}  // namespace ingress::broker
