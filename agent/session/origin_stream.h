// One stream and one exchange, glued: what comes from either goes to the other as it comes, and each side's
// back-pressure is the other's. Lives in OriginStreams, which reuses it.
//
// - Request bytes go to the exchange as far as it takes them (sendable); the rest waits here, bounded by the stream's
//   credit, which is granted again only for what the exchange took.
// - An OPEN that asks for an Upgrade is a request without a body; what its stream carries is for after the 101.
// - Answer bytes are read from the origin only as far as the stream may send (allowance).
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/byte_buffer.h"
#include "common/origin/origin_pool.h"
#include "common/tunnel/session.h"

namespace ingress::agent {

class OriginStreams;

class OriginStream {
 public:
  explicit OriginStream(OriginStreams& owner) : owner_(owner), from_tunnel_(*this), from_origin_(*this) {}
  OriginStream(const OriginStream&) = delete;
  OriginStream& operator=(const OriginStream&) = delete;

  // Returns the stream's handler.
  tunnel::StreamHandler* start(tunnel::Stream& stream, const origin::Target& target, const tunnel::OpenHead& open,
                               bool end);
  // End of the iteration: lets go of the exchange and gets ready for the next stream.
  void clear();

 private:
  // The two handler interfaces have functions of the same name, so each has an object of its own.
  class FromTunnel final : public tunnel::StreamHandler {
   public:
    explicit FromTunnel(OriginStream& owner) : owner_(owner) {}
    void on_head(const http::ResponseHead&, bool) override {}  // only the agent sends heads
    void on_data(MutableBytes payload, bool end) override { owner_.request_data(payload, end); }
    void on_trailers(const http::Fields& trailers) override { owner_.request_trailers(trailers); }
    void on_sendable() override { owner_.resume_answer(); }
    void on_closed(const Error&, tunnel::ResetCode) override { owner_.stream_closed(); }

   private:
    OriginStream& owner_;
  };
  class FromOrigin final : public origin::ExchangeHandler {
   public:
    explicit FromOrigin(OriginStream& owner) : owner_(owner) {}
    void on_head(const http::ResponseHead& head, bool end) override { owner_.answer_head(head, end); }
    void on_data(MutableBytes payload, bool end) override { owner_.answer_data(payload, end); }
    void on_trailers(const http::Fields& trailers) override { owner_.answer_trailers(trailers); }
    size_t allowance() override { return owner_.stream_ != nullptr ? owner_.stream_->sendable() : 0; }
    void on_sendable() override { owner_.send_waiting(); }
    void on_failed(const Error& error) override { owner_.exchange_failed(error); }
    void on_complete() override { owner_.finish(tunnel::ResetCode::kStopSending); }

   private:
    OriginStream& owner_;
  };

  size_t pass_on(MutableBytes payload, bool end);
  void request_data(MutableBytes payload, bool end);
  void request_trailers(const http::Fields& trailers);
  void send_waiting();
  void resume_answer();
  void stream_closed();

  void answer_head(const http::ResponseHead& head, bool end);
  void answer_data(MutableBytes payload, bool end);
  void answer_trailers(const http::Fields& trailers);
  void exchange_failed(const Error& error);

  // Breaks off what of the stream is not done, and retires.
  void finish(tunnel::ResetCode code);

  OriginStreams& owner_;
  FromTunnel from_tunnel_;
  FromOrigin from_origin_;
  tunnel::Stream* stream_ = nullptr;
  std::unique_ptr<origin::Exchange> exchange_;
  int port_ = 0;
  ByteBuffer waiting_;        // request bytes that the exchange has not taken
  bool waiting_end_ = false;  // and the request's end behind them
  bool held_ = false;         // what follows a request for an Upgrade waits for the 101
  std::vector<std::pair<std::string, std::string>> waiting_trailers_;
};

}  // namespace ingress::agent
