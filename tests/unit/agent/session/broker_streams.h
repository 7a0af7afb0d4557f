// The broker's side of a stream, as a test sees it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/tunnel/session.h"

namespace ingress::agent::test {

class BrokerStream final : public tunnel::StreamHandler {
 public:
  ~BrokerStream() { cancel(); }

  // Opens it; `fields` go out as they are.
  void open(tunnel::Session& session, int port, Time now, std::string_view method = "GET", bool end = true,
            const http::Fields& fields = {{"Host", "localhost"}}, bool upgrade = false,
            tunnel::StreamKind kind = tunnel::StreamKind::kHttp) {
    tunnel::OpenHead head;
    head.kind = kind;
    head.port = port;
    head.upgrade = upgrade;
    head.request.method = method;
    head.request.target = "/path?query";
    head.request.fields = fields;
    Error why;
    stream = session.open(head, end, this, now, why);
  }
  // As much of `text` as the stream takes; returns how much.
  size_t send(std::string_view text, bool end = false) {
    const size_t count = std::min(stream->sendable(), text.size());
    std::string buffer(kHeadroomBytes, ' ');
    buffer += text.substr(0, count);
    stream->send_data({reinterpret_cast<uint8_t*>(buffer.data()) + kHeadroomBytes, count}, end && count == text.size());
    return count;
  }
  // As a client that leaves.
  void cancel() {
    if (stream != nullptr) std::exchange(stream, nullptr)->abandon(tunnel::ResetCode::kCancelled);
  }

  tunnel::Stream* stream = nullptr;
  std::vector<int> statuses;
  std::string names;  // of the last head's fields
  std::string body;
  std::string trailers;
  bool consumes = true;
  bool ended = false;
  std::optional<tunnel::ResetCode> reset;  // any end of the stream that is not in order
  bool closed = false;

 private:
  void on_head(const http::ResponseHead& head, bool end) override {
    statuses.push_back(head.status);
    names.clear();
    for (const http::Field& field : head.fields) names.append(field.name).append(" ");
    ended = end;
  }
  void on_data(MutableBytes payload, bool end) override {
    body += as_text(payload);
    if (consumes && !payload.empty()) stream->consumed(payload.size());
    ended = end;
  }
  void on_trailers(const http::Fields& fields) override {
    for (const http::Field& field : fields) trailers.append(field.name).append("=").append(field.value).append(" ");
    ended = true;
  }
  void on_sendable() override {}
  void on_closed(const Error& error, tunnel::ResetCode code) override {
    closed = true;
    stream = nullptr;
    if (error.code != ErrorCode::kClosed) reset = code;
  }
};

}  // namespace ingress::agent::test
