// The limits that a policy sets to one exchange: its body's size, how long it may be silent, when its answer begins,
// and how many bytes pass in a second. Thread: the loop's.
//
// Backpressure: while paused() nothing more is taken from either side; on_resume follows.
#pragma once

#include <memory>
#include <vector>

#include "broker/admission/admission.h"
#include "common/base/deadline.h"

namespace ingress::broker {

class LimitedExchange {
 public:
  // A limit was passed. The limits may be destroyed in it.
  virtual void on_limit(const Error& error) = 0;
  virtual void on_resume() = 0;

 protected:
  ~LimitedExchange() = default;
};

class ExchangeLimits final : private DeadlineHandler {
 public:
  // Null where nothing is limited. `admitted` and `exchange` outlive it.
  static std::unique_ptr<ExchangeLimits> of(uv::Loop& loop, const Admitted& admitted, LimitedExchange& exchange);

  // Bytes of the request's body; false where they are too many.
  bool take_body(size_t bytes);
  // Of the answer, or of either side past a 101.
  void take_bytes(size_t bytes);
  void answer_began() { first_byte_.cancel(); }
  bool paused() const { return pause_.armed(); }

 private:
  ExchangeLimits(uv::Loop& loop, const Admitted& admitted, LimitedExchange& exchange);
  void on_deadline(Deadline& deadline) override;
  void moved(size_t bytes);

  uv::Loop& loop_;
  const Admitted& admitted_;
  LimitedExchange& exchange_;
  uint64_t body_bytes_ = 0;
  Deadline idle_;
  Deadline first_byte_;
  Deadline pause_;
};

}  // namespace ingress::broker
