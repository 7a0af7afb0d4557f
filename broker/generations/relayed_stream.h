// A stream that another generation opens here, and the stream of the machine's tunnel, glued: what comes from either
// goes to the other as far as that one takes it, the rest waits here. What waits is bounded by the stream that it came
// on: its bytes are given back as credit when they have been passed on.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/carrier/carrier.h"
#include "common/base/byte_buffer.h"
#include "common/uv/loop.h"

namespace ingress::broker {

class RelayedStream;

class RelayOwner {
 public:
  // Both streams are gone: it is to be buried.
  virtual void on_relay_over(RelayedStream& relay) = 0;

 protected:
  ~RelayOwner() = default;
};

// One direction.
class RelayWay {
 public:
  RelayWay(CarriedStream& from, CarriedStream& to) : from_(from), to_(to) {}

  void take(MutableBytes payload, bool end);
  void take_trailers(const http::Fields& trailers);
  // `end`: the head was the last to come.
  void take_end() { end_came_ = passed_ = true; }
  // The stream ahead takes more.
  void resume();
  // All that there is has come; has been passed on.
  bool end_came() const { return end_came_; }
  bool passed() const { return passed_; }

 private:
  size_t pass(MutableBytes bytes);
  void pass_trailers();

  CarriedStream& from_;
  CarriedStream& to_;
  ByteBuffer waiting_;
  std::vector<std::pair<std::string, std::string>> trailers_;  // behind it
  bool has_trailers_ = false;
  bool end_came_ = false;
  bool passed_ = false;
};

class RelayedStream final : public uv::Buryable {
 public:
  explicit RelayedStream(RelayOwner& owner);
  ~RelayedStream() override;

  // Opens the machine's stream: the handler of `opener`'s. nullptr where no tunnel of this process takes it: `opener`
  // has been broken off, and the object is to be destroyed.
  tunnel::StreamHandler* start(tunnel::Stream& opener, Carrier& carrier, std::string_view machine,
                               const tunnel::OpenHead& head, bool end);

 private:
  // The two streams have handlers of the same kind, so each has an object of its own.
  class FromOpener final : public tunnel::StreamHandler {
   public:
    explicit FromOpener(RelayedStream& owner) : owner_(owner) {}
    void on_head(const http::ResponseHead&, bool) override {}  // only the other side sends heads
    void on_data(MutableBytes payload, bool end) override { owner_.up_.take(payload, end); }
    void on_trailers(const http::Fields& trailers) override { owner_.up_.take_trailers(trailers); }
    void on_sendable() override { owner_.resume_answer(); }
    void on_closed(const Error&, tunnel::ResetCode code) override { owner_.opener_closed(code); }

   private:
    RelayedStream& owner_;
  };
  class FromMachine final : public tunnel::StreamHandler {
   public:
    explicit FromMachine(RelayedStream& owner) : owner_(owner) {}
    void on_head(const http::ResponseHead& head, bool end) override { owner_.answer_head(head, end); }
    void on_data(MutableBytes payload, bool end) override { owner_.down_.take(payload, end); }
    void on_trailers(const http::Fields& trailers) override { owner_.down_.take_trailers(trailers); }
    void on_sendable() override { owner_.machine_takes(); }
    void on_closed(const Error&, tunnel::ResetCode code) override { owner_.machine_closed(code); }

   private:
    RelayedStream& owner_;
  };

  void answer_head(const http::ResponseHead& head, bool end);
  void machine_takes();
  void resume_answer();
  void opener_closed(tunnel::ResetCode code);
  void machine_closed(tunnel::ResetCode code);
  void stop_request();
  void settle();

  RelayOwner& owner_;
  FromOpener from_opener_{*this};
  FromMachine from_machine_{*this};
  tunnel::Stream* answering_ = nullptr;  // the opener's, while heads may be sent on it
  CarriedStream opener_;
  CarriedStream machine_;
  bool body_wanted_ = false;  // the opener may send
  RelayWay up_{opener_, machine_};
  RelayWay down_{machine_, opener_};
};

}  // namespace ingress::broker
