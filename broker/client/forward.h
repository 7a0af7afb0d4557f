// One forwarded exchange: a client's request on one side, a tunnel stream on the other.
//
// Back-pressure. Down: what the client's connection has not taken is not given back to the stream as credit, so the
// agent stops at the window. Up: the client is read only as far as the stream may send. Pooled by the Forwarder: given
// back when both the client's side and the stream are through.
#pragma once

#include <string>

#include "broker/carrier/carried_stream.h"
#include "broker/client/forwarder.h"

namespace ingress::broker {

// Trailers come from both sides: two names.
class RequestEvents : public server::RequestHandler {
 public:
  virtual void on_request_trailers(const http::Fields& trailers) = 0;

 protected:
  ~RequestEvents() = default;

 private:
  void on_trailers(const http::Fields& trailers) final { on_request_trailers(trailers); }
};

class AnswerEvents : public tunnel::StreamHandler {
 public:
  virtual void on_answer_trailers(const http::Fields& trailers) = 0;

 protected:
  ~AnswerEvents() = default;

 private:
  void on_trailers(const http::Fields& trailers) final { on_answer_trailers(trailers); }
};

class Forward final : public RequestEvents, public AnswerEvents {
 public:
  explicit Forward(Forwarder& owner) : owner_(owner) {}

  // Starts; false where it has answered whole already (an error) and is free again.
  bool start(server::Responder& responder, const http::RequestHead& head, const server::RequestInfo& info);

 private:
  // server::RequestHandler
  void on_body(MutableBytes payload, bool end) override;
  void on_request_trailers(const http::Fields& trailers) override;
  size_t allowance() override;
  void on_drained() override;
  void on_aborted(const Error& error) override;
  // tunnel::StreamHandler
  void on_head(const http::ResponseHead& head, bool end) override;
  void on_data(MutableBytes payload, bool end) override;
  void on_answer_trailers(const http::Fields& trailers) override;
  void on_sendable() override;
  void on_closed(const Error& error, tunnel::ResetCode code) override;

  void reset(server::Responder& responder, const http::RequestHead& head, const server::RequestInfo& info);
  Status resolve(const http::RequestTarget& target);
  Status open(const http::RequestHead& head, std::string_view target, const server::RequestInfo& info);
  Error of_machine(Error why) const;
  http::Inbound inbound() const;
  void fail(const Error& error);
  void answer_over();
  void log(const Error* error);
  void settle();

  Forwarder& owner_;
  server::Responder* responder_ = nullptr;
  CarriedStream stream_;
  std::string host_;
  std::string machine_;
  std::string accept_;
  std::string client_ip_;
  std::string method_;
  std::string target_;
  http::RequestRules rules_;
  Time started_{};
  size_t unconsumed_bytes_ = 0;
  uint64_t body_bytes_ = 0;
  int status_ = 0;
  int public_port_ = 0;  // that the client came to
  bool tls_ = false;
  bool starting_ = false;  // the machine is
  bool upgraded_ = false;
  bool request_ended_ = false;
  bool answer_begun_ = false;
  bool answer_ended_ = false;
};

}  // namespace ingress::broker
