// One exchange with an HTTP/2 origin: waits for a connection, sends the request as far as the origin takes it, and
// hands the answer out as far as its owner does. Private to common/origin.
//
// Allocated for each exchange; the owner's handle (Exchange) lies inside it, and its end buries it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/byte_buffer.h"
#include "common/base/deadline.h"
#include "common/base/silence.h"
#include "common/http/http2_client_stream.h"
#include "common/origin/exchange_handle.h"
#include "common/origin/origin_pool.h"
#include "common/transport/peer_progress.h"

namespace ingress::origin {

class Http2Connection;
class Http2Origin;

class Http2Exchange final : public uv::Buryable,
                            private uv::Flushable,
                            private DeadlineHandler,
                            private http::Http2ClientStream {
 public:
  // Request bytes that are held for the origin's window; while no more than these were sent, a request that the origin
  // did not process can be sent again.
  static constexpr size_t kMostBodyBytes = size_t{64} * 1024;

  Http2Exchange(uv::Loop& loop, Http2Origin& origin);
  ~Http2Exchange() override;

  // Begins; the handle's destruction ends it.
  std::unique_ptr<Exchange> start(const Request& request, const Timeouts& timeouts, ExchangeHandler& handler);

  // From the origin's state, while the exchange waits there.
  const Timeouts& timeouts() const { return timeouts_; }
  // False where the connection takes no request after all.
  bool use(Http2Connection& connection);
  void dial_failed(const Error& error);

 private:
  friend class ExchangeHandle<Http2Exchange>;
  enum class State : uint8_t { kFree, kWaiting, kOpen, kOver };

  // From the owner's handle.
  size_t sendable() const;
  void send_data(MutableBytes payload, bool end);
  void send_trailers(const http::Fields& trailers);
  void resume();
  void abandon();

  // uv::Flushable
  void flush() override;
  // DeadlineHandler
  void on_deadline(Deadline& deadline) override;
  // http::Http2ClientStream
  void on_head(const http::ResponseHead& head, bool end) override;
  void on_data(MutableBytes payload, bool end) override;
  void on_trailers(const http::Fields& trailers) override;
  void on_ended(http::Http2Ending ending, const Error& error) override;
  size_t read_body(MutableBytes to, http::Http2Body& then) override;
  const http::Fields& body_trailers() override;

  void keep(const Request& request);
  bool no_body() const { return request_ended_ && body_.empty() && trailers_.empty(); }
  void keep_no_more();
  size_t hand_out(MutableBytes payload);
  void hand_out_held();
  void touch();
  void complete();
  void fail_later(const Error& error);
  void fail_now(const Error& error);
  void let_go();

  uv::Loop& loop_;
  Http2Origin& origin_;
  ExchangeHandler* handler_ = nullptr;
  Http2Connection* connection_ = nullptr;
  Deadline deadline_;
  Silence silence_;                // by which deadline_ passes, once there is a connection
  transport::PeerProgress taken_;  // of the request, by the origin
  Timeouts timeouts_;
  Error failure_;

  // The request, kept for a connection to come and for a second try.
  std::string text_;
  std::string_view method_;
  std::string_view target_;
  http::Fields fields_;
  http::BodyFraming framing_;  // kLength: what is left to come
  ByteBuffer body_;
  size_t sent_bytes_ = 0;      // of body_, still kept
  uint64_t handed_bytes_ = 0;  // of the body, to connections
  std::vector<std::pair<std::string, std::string>> trailers_;
  http::Fields trailer_views_;

  // The answer, as far as the owner has not taken it.
  ByteBuffer held_;
  std::vector<std::pair<std::string, std::string>> held_trailers_;

  State state_ = State::kFree;
  bool failing_ = false;
  bool was_full_ = false;   // sendable() was 0
  bool resumed_ = false;    // the owner may take more
  bool repeatable_ = true;  // all that was sent is kept, and no answer has come
  bool idempotent_ = false;
  bool tried_again_ = false;
  bool request_ended_ = false;  // by the owner
  bool request_sent_ = false;   // all of it was handed to the session
  bool answer_ended_ = false;   // by the origin
  HandleMemory handle_memory_;
};

}  // namespace ingress::origin
