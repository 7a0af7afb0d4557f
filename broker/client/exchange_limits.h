// The limits that a policy sets to one exchange: its body's size, how long it may be silent, when its answer begins,
// and how many bytes pass in a second. Thread: the loop's.
//
// They run while the request is with its machine, and anew when it is sent again. What is held up here (paused()) is no
// silence. An answer is due when the request's body moves no more.
//
// Backpressure: while paused() nothing more is taken from either side; on_resume follows.
#pragma once

#include <memory>
#include <vector>

#include "broker/admission/admission.h"
#include "common/base/deadline.h"
#include "common/base/silence.h"
#include "common/transport/peer_progress.h"

namespace ingress::broker {

class LimitedExchange {
 public:
  // A limit was passed. The limits may be destroyed in it.
  virtual void on_limit(const Error& error) = 0;
  virtual void on_resume() = 0;
  // As server::Responder's.
  virtual bool client_took(transport::PeerProgress& seen) const = 0;
  // Who owes the next byte.
  virtual Side silent_side() = 0;

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
  // Either side took what it was sent.
  void moved() { begin_idle(); }
  void answer_began();
  bool paused() const { return pause_.armed(); }

 private:
  ExchangeLimits(uv::Loop& loop, const Admitted& admitted, LimitedExchange& exchange);
  void on_deadline(Deadline& deadline) override;
  void begin_anew();
  void begin_idle();
  void begin_first_byte();
  void count(size_t bytes);
  void look_for_silence();

  uv::Loop& loop_;
  const Admitted& admitted_;
  LimitedExchange& exchange_;
  uint64_t body_bytes_ = 0;
  Deadline idle_;
  Silence silence_;                // by which idle_ passes
  transport::PeerProgress taken_;  // of the answer, by the client
  Deadline first_byte_;
  bool answer_began_ = false;
  Deadline pause_;
};

}  // namespace ingress::broker
