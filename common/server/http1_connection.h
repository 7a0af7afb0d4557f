// The server's side of one HTTP/1.1 connection: requests off a transport::Connection, one exchange at a time
// (pipelined ones wait, unread), answers onto it.
//
// A client that closes its side (FIN): before its request is complete, it has left. After that it may be half-closing:
// where the FIN came with its last bytes, before the answer, the exchange goes on; else an answer that has not begun
// gets kLeaveGrace to begin, and one that is under way kSilenceGrace to say more. A client that resets has left, also
// while it is not read (kWatchInterval). (docs/decisions/0003)
//
// A client that does not take its answers gets no more of them made: a pipelined request waits until the output before
// it is below kCongestedBytes / 2, and kPipelinedBytes are read ahead.
//
// Ownership: made by Http1Server, which owns it; it is buried when its connection has closed. Thread: the loop's.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "common/base/byte_buffer.h"
#include "common/base/deadline.h"
#include "common/base/silence.h"
#include "common/http/http1_reader.h"
#include "common/server/exchange.h"
#include "common/transport/connection.h"

namespace ingress::server {

struct ConnectionOptions {
  http::ReaderLimits limits;
  Duration head_timeout{30000};        // from a request's first byte (or the connection's begin) to its head's end
  Duration keep_alive_timeout{75000};  // between requests
  Duration exchange_timeout{3600000};  // nothing moves, though who is waited for could (docs/reliability.md)
};

class Http1Server;

class Http1Connection final : public uv::Buryable,
                              private transport::ConnectionHandler,
                              private Responder,
                              private DeadlineHandler {
 public:
  static constexpr Duration kLeaveGrace{600};
  static constexpr Duration kSilenceGrace{300};
  static constexpr Duration kWatchInterval{300};
  static constexpr size_t kCongestedBytes = size_t{8} * 1024;
  static constexpr size_t kPipelinedBytes = size_t{16} * 1024;

  Http1Connection(Http1Server& server, std::unique_ptr<transport::Connection> connection);
  ~Http1Connection() override;

  // Cuts the connection; its exchange is aborted, soon.
  void cut() { connection_->abort(); }
  // Since when it has waited for a request's head to be whole; nothing while one is answered.
  std::optional<Time> waiting_since() const;
  // Closes, for another connection: it waits.
  void give_way();
  // No further request: closes now where idle, else after the running exchange.
  void drain();

 private:
  friend class Http1Server;
  enum class State : uint8_t {
    kIdle,      // between requests, nothing read
    kHead,      // a part of a head was read
    kExchange,  // a request is being answered
    kUpgraded,  // opaque bytes after a 101
    kClosing,   // the connection is closing; nothing is read or answered
  };

  // transport::ConnectionHandler
  size_t read_limit() override;
  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_drained() override;
  void on_closed(const Error& error) override;
  // Responder
  bool send_head(const http::ResponseHead& head, bool end) override;
  void send_data(MutableBytes payload, bool end) override;
  void send_trailers(const http::Fields& trailers) override;
  bool congested() const override;
  bool answer_waits() const override;
  void resume_body() override;
  void abort() override;
  void close_after_answer() override { close_after_ = true; }
  void drop_rest_of_request() override { close_after_ = close_after_ || !request_ended_; }
  std::unique_ptr<transport::Connection> take_over(const http::ResponseHead& head, ByteBuffer& begun) override;
  uint64_t body_bytes_sent() const override { return body_bytes_sent_; }
  bool client_took(transport::PeerProgress& seen) const override { return seen.look(*connection_, body_bytes_sent_); }
  // DeadlineHandler
  void on_deadline(Deadline& deadline) override;

  size_t wanted_bytes();
  size_t pipelined_room() const;
  bool still_arriving();
  bool takes_nothing();
  void look_after_paused();
  bool fin_came_with_input() const;
  void process(MutableBytes& input);
  void process_held();
  void process_later();
  void read_on();
  // One event of the reader; false where no further one can be handled now.
  bool step(MutableBytes& input);
  void on_request_head(MutableBytes& input);
  void on_request_data(MutableBytes& input);
  void on_request_end();
  bool hand_over_http2(MutableBytes& input);
  void on_need_more();
  void on_client_left_or_half_closed();
  void on_client_half_closed();
  // `request`: what was read of it.
  void on_unreadable(const Error& error, const UnreadableRequest& request);
  bool send_final_head(const http::ResponseHead& head, bool end);
  bool frame_answer(const http::ResponseHead& head, bool end);
  void send_switching_head(const http::ResponseHead& head);
  void send_interim_head(const http::ResponseHead& head);
  bool takes_answer(bool end);
  void break_answer(bool end);
  void end_answer();
  void part_with_handler();
  void exchange_over();
  void abort_exchange(const Error& error);
  void look_for_silence();
  void next_request();
  void wait_for_request();
  void close_when_flushed();
  void touch();

  enum class AnswerBody : uint8_t { kNone, kLength, kChunked, kUntilClose, kOpaque };

  Http1Server& server_;
  std::unique_ptr<transport::Connection> connection_;
  http::RequestReader reader_;
  ByteBuffer held_;  // input that could not be taken yet
  Deadline deadline_;
  Silence silence_;                // of an exchange
  transport::PeerProgress taken_;  // of answers
  Time took_at_{};                 // see takes_nothing()
  Deadline watch_;                 // while the client is not read
  RequestHandler* handler_ = nullptr;
  std::string client_ip_;
  const bool behind_proxy_;  // who told whose connection it is
  uint32_t last_input_iteration_ = 0;
  std::chrono::steady_clock::time_point last_input_at_;  // finer than the loop's clock
  uint64_t answer_left_ = 0;                             // kLength: body bytes still to come
  uint64_t body_bytes_sent_ = 0;
  State state_ = State::kIdle;
  AnswerBody answer_body_ = AnswerBody::kNone;
  bool served_ = false;  // a request was read
  bool processing_ = false;
  bool process_deferred_ = false;
  bool request_ended_ = false;  // the request has been read whole
  bool head_request_ = false;
  bool minor_zero_ = false;  // an HTTP/1.0 client
  bool upgrade_offered_ = false;
  bool answer_begun_ = false;  // the final head was written
  bool answer_ended_ = false;
  bool handler_parted_ = false;   // the handler gets no further call, nor does one that on_request returns
  bool close_after_ = false;      // no further request on this connection
  bool close_said_ = false;       // and the answer's head said so
  bool client_ended_ = false;     // FIN came
  bool client_end_told_ = false;  // ...after a 101, and the handler knows
  bool arriving_ = false;         // see still_arriving()
  bool leave_grace_ = false;      // it may have left: the answer has a short time to go on
  std::shared_ptr<bool> alive_;   // for deferred work; made on first use
};

}  // namespace ingress::server
