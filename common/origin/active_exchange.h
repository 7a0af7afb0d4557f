// One exchange under way: the request's framing and sending, and what the answer's events mean for it. Reused from
// exchange to exchange; the owner's handle (Exchange) lies inside it. Private to common/origin.
#pragma once

#include <memory>

#include "common/base/byte_buffer.h"
#include "common/base/deadline.h"
#include "common/base/silence.h"
#include "common/origin/dialer.h"
#include "common/origin/exchange_handle.h"
#include "common/origin/origin_pool.h"
#include "common/transport/peer_progress.h"

namespace ingress::origin {

class OriginConnection;
class PoolCore;

class ActiveExchange final : public uv::Buryable, private uv::Flushable, private DialHandler, private DeadlineHandler {
 public:
  explicit ActiveExchange(PoolCore& core);
  ~ActiveExchange() override;

  // Begins; the handle's destruction ends it.
  std::unique_ptr<Exchange> start(const Target& target, const Request& request, const Timeouts& timeouts,
                                  ExchangeHandler& handler);

  // From the owner's handle.
  size_t sendable() const;
  void send_data(MutableBytes payload, bool end);
  void send_trailers(const http::Fields& trailers);
  void resume();
  void abandon();

  // From the connection. After each of them the exchange may be gone: OriginConnection looks whether it is still
  // attached.
  size_t allowance() { return handler_->allowance(); }
  void answer_head(const http::ResponseHead& head, bool end);
  void answer_data(MutableBytes payload);
  void answer_trailers(const http::Fields& trailers);
  // After a 101 both sides are opaque. False where the request was not complete.
  bool switch_protocols();
  // The origin's half-close after a 101.
  void answer_half_closed();
  // The answer is complete; `last` is what of it was not handed out (after a head or trailers with the end: nothing).
  enum class Last : uint8_t { kTold, kData };
  void answer_complete(MutableBytes payload, Last last, bool reusable);
  void connection_lost(const Error& error, bool untouched);
  void connection_drained();
  bool request_ended() const { return request_ended_; }
  // A byte went or came.
  void touch();

 private:
  friend class ExchangeHandle<ActiveExchange>;
  enum class State : uint8_t { kFree, kDialing, kConnected, kOver };
  enum class Pending : uint8_t { kNothing, kFailure, kCompletion, kResume };

  // uv::Flushable
  void flush() override;
  // DialHandler
  void on_dialed(std::unique_ptr<uv::Socket> socket, size_t index) override;
  void on_dial_failed(const Error& error) override;
  // DeadlineHandler
  void on_deadline(Deadline& deadline) override;

  bool frame(const Request& request);
  void dial();
  void use(std::unique_ptr<OriginConnection> connection);
  void put(Bytes bytes);
  void put_body(MutableBytes payload, bool end);
  void put_chunk(MutableBytes payload, bool end);
  void put_opaque(MutableBytes payload, bool end);
  void later(Pending pending);
  void fail_later(const Error& error);
  void fail_now(const Error& error);
  void let_go_of_connection();

  PoolCore& core_;
  ExchangeHandler* handler_ = nullptr;
  Deadline deadline_;
  Silence silence_;                // by which deadline_ passes, while there is a connection
  transport::PeerProgress taken_;  // of the request, by the origin
  Timeouts timeouts_;
  Target target_;
  std::unique_ptr<Dialer> dialer_;
  std::unique_ptr<OriginConnection> connection_;
  ByteBuffer outgoing_;  // the head, kept until the answer begins; while there is no connection, what follows it too
  Error failure_;
  http::BodyFraming body_;  // kLength: what is left
  uint8_t redials_ = 0;     // for want of a descriptor
  uint32_t life_ = 0;       // counts the exchanges that this object has served
  State state_ = State::kFree;
  Pending pending_ = Pending::kNothing;
  bool head_request_ = false;
  bool upgrade_ = false;
  bool repeatable_ = false;  // may be sent a second time where the first try got no answer
  bool request_ended_ = false;
  bool answer_ended_ = false;
  HandleMemory handle_memory_;
};

}  // namespace ingress::origin
