// One forwarded exchange: a client's request on one side, a tunnel stream on the other.
//
// Where the machine has no tunnel but had one lately, or can be woken, the request is parked, its body unread, until a
// tunnel is there or its time is over. Where the stream breaks before anything of the body or of the answer was used,
// the request is sent again if its method is safe or the agent says that the origin never saw it. Each time its host is
// resolved anew.
//
// Before it goes anywhere it is judged by its policy, which may ask others (forward_admission.cc). Trailers are in
// forward_trailers.cc.
//
// Back-pressure. Down: what the client's connection has not taken is not given back to the stream as credit, so the
// agent stops at the window. Up: the client is read only as far as the stream may send. Pooled by the Forwarder: given
// back when both the client's side and the stream are through.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/carrier/carried_stream.h"
#include "broker/client/admitted_request.h"
#include "broker/client/exchange_limits.h"
#include "broker/client/exchange_notes.h"
#include "broker/client/forwarder.h"
#include "broker/client/held_request.h"
#include "broker/client/parking_lot.h"

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

class Forward final : public RequestEvents, public AnswerEvents, private ParkedRequest, private LimitedExchange {
 public:
  explicit Forward(Forwarder& owner) : owner_(owner) {}

  // Starts; false where it has answered whole already (an error) and is free again.
  bool start(server::Responder& responder, const http::RequestHead& head, const server::RequestInfo& info);
  // Sends the request again, where it still waits for that.
  void again();
  // For those that are watched over: its time is not over, the link that it came by is good. (Its time may have been
  // prolonged.)
  bool still_welcome(int64_t now);
  // Ends it because it no longer is.
  void cut();
  // Its client's side is under way, and has been since then or longer, or is an Upgrade's.
  bool lasts(FineTime then) const { return responder_ != nullptr && (upgraded_ || notes_.began <= then); }
  // Tells an exchange that has lasted for a second, once to each who listens; false where there was nothing to tell.
  bool tell_lasting(FineTime now);
  // Its route or machine may have a time to live that it had not when the request was let in.
  void look_at_time(int64_t now);

 private:
  // server::RequestHandler
  void on_body(MutableBytes payload, bool end) override;
  void on_request_trailers(const http::Fields& trailers) override;
  size_t allowance() override;
  void on_drained() override;
  bool holds_up() const override { return responder_ != nullptr && (!stream_ || paused()); }
  bool on_silent(const Error& error) override;
  void on_aborted(const Error& error) override;
  // tunnel::StreamHandler
  void on_head(const http::ResponseHead& head, bool end) override;
  void on_data(MutableBytes payload, bool end) override;
  void on_answer_trailers(const http::Fields& trailers) override;
  void on_sendable() override;
  void on_closed(const Error& error, tunnel::ResetCode code) override;
  // ParkedRequest
  void on_machine_up() override;
  void on_park_over() override;
  // LimitedExchange
  void on_limit(const Error& error) override;
  void on_resume() override;
  bool client_took(transport::PeerProgress& seen) const override;
  Side silent_side() override;

  Asked asked(std::string_view target) const;
  Status admit(std::string_view target);
  void watch_over(std::string_view target);
  void on_judged(const std::optional<Instead>& refusal);
  void stop_asking();
  // Of an interim head: what the policy takes off goes, nothing comes.
  void rewrite(http::Fields& fields, bool final);
  http::Fields fields_instead() const;
  // A cookie's Domain stays within the project, where the policy says so.
  void isolate(http::Fields& fields) const;
  bool take_body(size_t bytes);
  bool paused() const { return limits_ != nullptr && limits_->paused(); }

  void reset(server::Responder& responder, const http::RequestHead& head, const server::RequestInfo& info);
  Status resolve(const http::RequestTarget& target);
  // Resolves the host and opens a stream.
  Status try_open();
  Status open(std::string_view target);
  void open_or_park();
  void send_held_trailers();
  void send_trailers(http::Fields& trailers);
  // False where the request does not wait for the machine.
  bool park(const Error& why);
  bool may_be_sent_again(const Error& error) const;
  void leave_lot();
  void stop_waiting();
  bool starting() const;
  Error of_machine(Error why) const;
  http::Inbound inbound() const;
  void fail(const Error& error);
  void answer_over();
  ExchangeRecord record(FineTime now) const;
  void log(const Error* error);
  void settle();

  Forwarder& owner_;
  server::Responder* responder_ = nullptr;
  CarriedStream stream_;
  std::string host_;
  std::string machine_;
  HeldRequest held_;
  // The request's trailers, where they came before a stream did: an empty body ends while the request is parked.
  std::vector<std::pair<std::string, std::string>> held_trailers_;
  std::unique_ptr<ParkingPlace> place_;  // while it is parked
  std::optional<WakeClaim> claim_;       // while it is parked for a machine that can be woken
  AdmittedRequest admission_;
  std::unique_ptr<ExchangeLimits> limits_;  // while there is a stream; null where its policy sets none
  std::string wake_;                        // the webhook's URL, "" for none
  std::optional<Duration> park_;
  http::RequestRules rules_;
  Time started_{};
  ExchangeNotes notes_;
  size_t unconsumed_bytes_ = 0;
  uint64_t body_bytes_ = 0;
  int status_ = 0;
  int public_port_ = 0;    // that the client came to
  bool starting_ = false;  // the machine is, by its state
  bool upgraded_ = false;
  bool request_ended_ = false;
  bool body_used_ = false;    // something of the body went into a stream
  bool answer_used_ = false;  // something of an answer went to the client
  bool again_due_ = false;    // again() is about to be called
  uint8_t attempts_ = 0;      // streams that were opened for it
  bool answer_begun_ = false;
  bool answer_ended_ = false;
};

}  // namespace ingress::broker
