// A stream's opaque bytes onto a connection and back, for either end of a tunnel: what each side says goes to the other
// as it comes, its end as a half-close, and each side's back-pressure is the other's. Thread: the loop's.
//
// - What the connection's kernel has not taken (over kHighWaterBytes) is not given back to the stream as credit.
// - The connection is read only as far as the stream may send. What TLS gives beyond that is held, at most a record.
// - A stream that is broken off resets the connection, and a connection that breaks breaks the stream off: a transfer
//   that was cut must not look complete. A connection that is not read tells nothing by itself: it is looked at each
//   kWatchInterval.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "common/base/byte_buffer.h"
#include "common/base/deadline.h"
#include "common/transport/connection.h"
#include "common/tunnel/session.h"

namespace ingress::tunnel_link {

// `Handle` has what tunnel::Stream has (sendable, send_data, consumed, abandon, which empties it), and is false where
// it is empty.
template <class Handle>
class OpaqueRelay : public tunnel::StreamHandler, protected transport::ConnectionHandler, private DeadlineHandler {
 public:
  // Breaks off both sides; on_over follows, later.
  void cut() {
    if (stream_) stream_.abandon(lost_code());
    if (connection_ != nullptr) connection_->abort();
  }

  // tunnel::StreamHandler; before begin() what comes waits, as far as credit allows.
  void on_head(const http::ResponseHead&, bool) override {}
  void on_data(MutableBytes payload, bool end) final {
    stream_ended_ = stream_ended_ || end;
    from_stream_ += payload.size();
    if (connection_ == nullptr) return waiting_.append(payload);
    if (!payload.empty()) connection_->write_from_read(payload);
    unconsumed_ += payload.size();
    if (!connection_->congested()) give_back();
    if (end) connection_->shutdown();
  }
  void on_trailers(const http::Fields&) final { on_data({}, true); }
  void on_sendable() final {
    send_held();
    if (connection_ != nullptr && !connection_ended_) connection_->resume_read();
  }
  void on_closed(const Error& error, tunnel::ResetCode code) final {
    stream_ = {};
    if (connection_ == nullptr) return on_not_begun(error, code);
    // What it had said to the end is complete, and waits for its reader.
    const bool whole = stream_ended_ && (end_sent_ || !connection_->all_acknowledged());
    whole ? connection_->close_after_flush() : connection_->abort();
  }

 protected:
  static constexpr size_t kHighWaterBytes = size_t{64} * 1024;
  static constexpr size_t kLowWaterBytes = size_t{16} * 1024;
  static constexpr Duration kWatchInterval{1000};

  OpaqueRelay() = default;
  ~OpaqueRelay() = default;
  OpaqueRelay(const OpaqueRelay&) = delete;
  OpaqueRelay& operator=(const OpaqueRelay&) = delete;

  void set_stream(Handle stream) { stream_ = stream; }
  Handle& stream() { return stream_; }
  const transport::Connection* connection() const { return connection_.get(); }
  // Opaque bytes may flow: `connection` is open and not reading; `begun` is what was read of it. The owner starts or
  // resumes it.
  transport::Connection& begin(std::unique_ptr<transport::Connection> connection, ByteBuffer begun) {
    connection_ = std::move(connection);
    connection_->set_handler(this);
    connection_->set_water_marks(kHighWaterBytes, kLowWaterBytes);
    watch_.emplace(connection_->loop().deadlines(), static_cast<DeadlineHandler&>(*this));
    if (!waiting_.empty()) connection_->write(waiting_.view());
    unconsumed_ = waiting_.size();
    waiting_.release();
    if (stream_ended_) connection_->shutdown();
    if (!connection_->congested()) give_back();
    if (!begun.empty()) on_data(begun.mutable_view());
    return *connection_;
  }
  uint64_t from_stream() const { return from_stream_; }
  uint64_t to_stream() const { return to_stream_; }

  // How a connection that broke is told to the far end.
  virtual tunnel::ResetCode lost_code() const = 0;
  // The stream closed before begin().
  virtual void on_not_begun(const Error& error, tunnel::ResetCode code) = 0;
  // After begin(): both sides are gone. The last call; the owner buries it.
  virtual void on_over() = 0;

 private:
  // transport::ConnectionHandler
  size_t read_limit() override {
    if (!stream_) return uv::Loop::kReadBufferBytes;  // read, and dropped
    const size_t limit = held_.empty() ? std::min(stream_.sendable(), uv::Loop::kReadBufferBytes) : 0;
    if (limit == 0 && !watch_->armed()) watch_->arm(connection_->loop().now() + kWatchInterval);
    return limit;
  }
  void on_data(MutableBytes bytes) override {
    if (!stream_) return;
    const size_t count = held_.empty() ? std::min(stream_.sendable(), bytes.size()) : 0;
    if (count > 0) send(bytes.first(count));
    if (count == bytes.size()) return;
    held_.append(bytes.subspan(count));
    send_held();
  }
  void on_end() override {
    connection_ended_ = true;
    send_held();
  }
  void on_drained() override { give_back(); }
  void on_deadline(Deadline&) override {
    if (connection_ == nullptr || connection_->reading()) return;
    if (connection_->has_failed()) return cut();
    watch_->arm(connection_->loop().now() + kWatchInterval);
  }
  void on_closed(const Error&) override {
    watch_.reset();
    connection_->loop().bury(std::move(connection_));
    if (stream_) stream_.abandon(lost_code());
    on_over();
  }

  void send(MutableBytes bytes) {
    to_stream_ += bytes.size();
    stream_.send_data(bytes, false);
  }
  // Until there is nothing, or sendable() has said 0: then on_sendable follows.
  void send_held() {
    while (stream_ && !held_.empty()) {
      const size_t count = std::min(stream_.sendable(), held_.size());
      if (count == 0) return;
      send(held_.mutable_view().first(count));
      held_.consume(count);
    }
    held_.release();
    if (stream_ && connection_ended_ && !std::exchange(end_sent_, true)) stream_.send_data({}, true);
  }
  void give_back() {
    if (!stream_ || unconsumed_ == 0) return;
    stream_.consumed(std::exchange(unconsumed_, 0));
  }

  Handle stream_{};
  std::unique_ptr<transport::Connection> connection_;
  std::optional<Deadline> watch_;  // while there is a connection
  ByteBuffer waiting_;             // of the stream, before begin()
  ByteBuffer held_;                // of the connection, beyond what the stream may send
  size_t unconsumed_ = 0;
  uint64_t from_stream_ = 0;
  uint64_t to_stream_ = 0;
  bool stream_ended_ = false;      // its peer has said all
  bool connection_ended_ = false;  // FIN came
  bool end_sent_ = false;          // and was told
};

}  // namespace ingress::tunnel_link
