// One stream of an HTTP/2 connection as an exchange: the Responder of its answer, and what its request's bytes are
// handed on by. Owned and pooled by its Http2Connection; private to common/server.
#pragma once

#include "common/base/byte_buffer.h"
#include "common/base/deadline.h"
#include "common/base/silence.h"
#include "common/http/http2_server.h"
#include "common/server/exchange.h"

namespace ingress::server {

class Http2Connection;

class Http2Exchange final : public Responder, private http::Http2StreamHandler, private DeadlineHandler {
 public:
  explicit Http2Exchange(Http2Connection& connection);

  // A request with its head: asks the acceptor.
  void start(http::Http2Stream& stream, const http::RequestHead& head, const http::Http2Request& request);
  // One that can't be read: answers.
  void refuse(http::Http2Stream& stream, const http::RequestHead& head, const Error& error);
  // Hands on what was held, as far as the handler takes it.
  void deliver_held();

 private:
  // What is passed over of a request that was answered before its end, and how long, until RST_STREAM.
  static constexpr size_t kLingerBytes = size_t{1024} * 1024;
  static constexpr Duration kLinger{2000};
  static constexpr Duration kAbortedPatience{10000};
  enum class AnswerBody : uint8_t { kNone, kLength, kOpen };

  // Responder
  bool send_head(const http::ResponseHead& head, bool end) override;
  void send_data(MutableBytes payload, bool end) override;
  void send_trailers(const http::Fields& trailers) override;
  bool congested() const override;
  bool answer_waits() const override;
  void resume_body() override;
  void abort() override;
  bool reset(uint8_t http2_code) override;
  void close_after_answer() override {}  // another stream can't be mistaken for a part of this one
  void drop_rest_of_request() override {}
  uint64_t body_bytes_sent() const override { return body_bytes_sent_; }
  bool client_took(transport::PeerProgress& seen) const override;
  // http::Http2StreamHandler
  void on_stream_data(MutableBytes payload) override;
  void on_stream_end() override;
  void on_stream_trailers(const http::Fields& trailers) override;
  void on_stream_drained() override;
  void on_stream_answered() override;
  void on_stream_closed(const Error& error) override;
  // DeadlineHandler
  void on_deadline(Deadline& deadline) override;

  void begin(http::Http2Stream& stream, bool head_request);
  bool frame_answer(const http::ResponseHead& head, bool end);
  bool send_switching_head(const http::ResponseHead& head, bool end);
  void end_answer();
  void cut(uint32_t code);
  void cut_stream(uint32_t code);
  void break_answer(bool end);
  void over();
  void end_lingering();
  bool takes_body() const;
  void finish_body();
  bool end_by_silence(RequestHandler& handler);
  void touch();
  Duration patience() const;

  Http2Connection& connection_;
  http::Http2Stream* stream_ = nullptr;
  RequestHandler* handler_ = nullptr;
  ByteBuffer held_;  // body that the handler did not take yet
  http::Fields trailers_;
  std::string trailer_text_;
  Deadline deadline_;
  Silence silence_;
  transport::PeerProgress taken_;  // of the answer
  uint64_t answer_left_ = 0;       // kLength: body bytes still to come
  uint64_t body_bytes_sent_ = 0;
  AnswerBody answer_body_ = AnswerBody::kNone;
  bool head_request_ = false;
  bool upgrade_ = false;        // an extended CONNECT
  bool upgraded_ = false;       // ...that was accepted
  bool request_ended_ = false;  // all of it has come
  bool end_told_ = false;       // ...and the handler knows
  bool answer_begun_ = false;
  bool answer_ended_ = false;
  bool over_ = false;     // the handler gets no further call, nor does one that on_request returns
  bool lingers_ = false;  // the answer is out, the request is not whole
  bool aborted_ = false;  // it ends with what waits, by a reset
  size_t lingered_bytes_ = 0;
};

}  // namespace ingress::server
