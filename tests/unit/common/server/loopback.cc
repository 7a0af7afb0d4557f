#include "tests/unit/common/server/loopback.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace ingress::server {

RawClient::RawClient(uv::Loop& loop, const uv::Address& address) {
  connecting_ = uv::Connecting::connect(loop, address, [this](Result<std::unique_ptr<uv::Socket>> socket) {
    REQUIRE(socket);
    socket_ = std::move(*socket);
    socket_->set_handler(this);
    socket_->start_read();
    if (!unsent_.empty()) socket_->write(as_bytes(unsent_));
  });
}

void RawClient::send(std::string_view text) {
  if (socket_ != nullptr) {
    socket_->write(as_bytes(text));
  } else {
    unsent_.append(text);
  }
}

size_t RawClient::count(std::string_view text) const {
  size_t found = 0;
  for (size_t at = received_.find(text); at != std::string::npos; at = received_.find(text, at + 1)) ++found;
  return found;
}

void ScriptedAcceptor::Exchange::on_body(MutableBytes payload, bool end) {
  ++calls;
  body.append(as_text(payload));
  if (credit != SIZE_MAX) credit -= payload.size();
  ended = ended || end;
  if (const auto hook = std::exchange(on_bytes, nullptr)) hook();
}

void ScriptedAcceptor::Exchange::on_trailers(const http::Fields& fields) {
  ++calls;
  for (const http::Field& field : fields) {
    trailers.append(field.name).append("=").append(field.value).append(";");
  }
  ended = true;
}

void ScriptedAcceptor::Exchange::on_aborted(const Error& error) {
  ++calls;
  aborted = true;
  abort_error = error;
  responder = nullptr;
}

void ScriptedAcceptor::Exchange::answer(int status, std::string_view text, http::Fields fields) {
  http::ResponseHead head;
  head.status = status;
  head.reason = "Reason";
  head.fields = std::move(fields);
  REQUIRE(responder->send_head(head, text.empty()));
  if (!text.empty()) data(text, true);
}

void ScriptedAcceptor::Exchange::data(std::string_view text, bool end) {
  std::vector<uint8_t> bytes(kHeadroomBytes + text.size());
  std::copy(text.begin(), text.end(), bytes.begin() + kHeadroomBytes);
  responder->send_data(MutableBytes(bytes).subspan(kHeadroomBytes), end);
}

RequestHandler* ScriptedAcceptor::on_request(Responder& responder, const http::RequestHead& head,
                                             const RequestInfo& info) {
  exchanges.push_back(std::make_unique<Exchange>());
  Exchange& exchange = *exchanges.back();
  exchange.responder = &responder;
  exchange.method = head.method;
  exchange.target = head.target;
  exchange.ended = info.end;
  if (on_head) on_head(exchange);
  return &exchange;
}

http::ErrorAnswer ScriptedAcceptor::on_unreadable(const Error& error, const UnreadableRequest&) {
  return http::error_answer(error, {}, {});
}

void begin_ten(ScriptedAcceptor::Exchange& exchange) {
  REQUIRE(exchange.responder->send_head({200, "OK", 1, {{"Content-Length", "10"}}}, false));
}

const std::vector<Breach>& breaches() {
  static constexpr std::string_view kEleven = "hello world";
  static const std::vector<Breach> all = {
      [](ScriptedAcceptor::Exchange& exchange) {
        begin_ten(exchange);
        exchange.data("x", false);
        exchange.data({}, true);
      },
      [](ScriptedAcceptor::Exchange& exchange) {
        begin_ten(exchange);
        exchange.data(kEleven, true);
      },
      [](ScriptedAcceptor::Exchange& exchange) {
        begin_ten(exchange);
        exchange.data("x", false);
        exchange.responder->send_trailers({{"X-Sum", "1"}});
      },
      [](ScriptedAcceptor::Exchange& exchange) {
        begin_ten(exchange);
        exchange.data("x", false);
        exchange.data(kEleven, false);
        exchange.data("what is left", true);
      },
      [](ScriptedAcceptor::Exchange& exchange) {
        begin_ten(exchange);
        exchange.data("0123456789", false);
        exchange.data("x", false);
        exchange.responder->send_trailers({{"X-Sum", "1"}});
      },
      [](ScriptedAcceptor::Exchange& exchange) {
        begin_ten(exchange);
        exchange.data(kEleven, false);
        exchange.responder->abort();
      },
  };
  return all;
}

Loopback::Loopback(ConnectionOptions options) : server_(loop_, acceptor_, options) {
  uv::Address any;
  any.ip = "127.0.0.1";
  auto listener = uv::Listener::listen(loop_, any, [this](std::unique_ptr<uv::Socket> socket) {
    auto connection = std::make_unique<transport::Connection>(loop_, std::move(socket), nullptr, Side::kClient);
    connection->start();
    server_.serve(std::move(connection));
  });
  REQUIRE(listener);
  listener_ = std::move(*listener);
}

Loopback::~Loopback() {
  server_.close_all();
  CHECK(run_until([this] { return server_.connection_count() == 0; }));
}

std::unique_ptr<RawClient> Loopback::client() { return std::make_unique<RawClient>(loop_, listener_->local()); }

bool Loopback::run_until(const std::function<bool()>& condition) {
  bool held = false;
  uv::Timer poll(loop_, [this, &condition, &held] {
    held = condition();
    if (held) loop_.stop();
  });
  uv::Timer limit(loop_, [this] { loop_.stop(); });
  poll.start(Duration{1}, Duration{1});
  limit.start(Duration{10000});
  loop_.run();
  return held;
}

}  // namespace ingress::server
