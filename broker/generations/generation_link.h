// A connection between two processes of one broker, over a Unix socket that their supervisor made: a tunnel's session
// in clear, in which one end opens streams to machines that the other one holds (docs/architecture.md). There are two
// of them for each pair of processes, one a direction. Thread: the first loop's.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "broker/generations/machine_feed.h"
#include "broker/generations/relayed_stream.h"
#include "broker/tunnel/broker_tunnel.h"

namespace ingress::broker {

class GenerationLink;

class GenerationLinkOwner {
 public:
  // Machines that the other end holds, or holds no more.
  virtual void on_machines(GenerationLink& link, MachineLines::Changes changes) = 0;
  // It takes no more streams: the other end wants none, or it is about to close. It may be told again.
  virtual void on_no_more(GenerationLink& link) = 0;
  // A link that drains has nothing under way any more.
  virtual void on_quiet(GenerationLink& link) = 0;
  // The other end says that the machine may be reached no more by what came before.
  virtual void on_drop(std::string machine) = 0;
  // Closed: to be buried.
  virtual void on_link_gone(GenerationLink& link) = 0;

 protected:
  ~GenerationLinkOwner() = default;
};

class GenerationLink : public uv::Buryable, protected TunnelConnectionEvents, protected TunnelSessionEvents {
 public:
  GenerationLink(GenerationLinkOwner& owner, tunnel::Role role, std::unique_ptr<transport::Connection> connection);
  ~GenerationLink() override;

  void tick();
  // Tells a serving end to close the machine's tunnels; nothing where this end serves.
  virtual void say_drop(const std::string&) {}
  // Streams that are left are broken off; what was written goes out. on_link_gone follows.
  void close();

 protected:
  uv::Loop& loop() { return connection_->loop(); }
  Time now() { return loop().now(); }
  tunnel::Session& session() { return session_; }
  GenerationLinkOwner& owner() { return owner_; }
  void lose(const Error& error);

 private:
  // False where it has begun.
  bool begin_closing();
  // TunnelConnectionEvents
  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_connection_room() override;
  void on_closed(const Error& error) override;
  // TunnelSessionEvents
  void on_session_drained() override {}
  void on_failed(const Error& error) override;

  GenerationLinkOwner& owner_;
  std::unique_ptr<transport::Connection> connection_;
  tunnel_link::ConnectionSink sink_;
  tunnel::Session session_;
  bool closing_ = false;
};

// This end opens the streams, as a broker does towards an agent.
class OpeningLink final : public GenerationLink {
 public:
  OpeningLink(GenerationLinkOwner& owner, std::unique_ptr<transport::Connection> connection)
      : GenerationLink(owner, tunnel::Role::kBroker, std::move(connection)) {}

  tunnel::Stream* open(std::string_view machine, const tunnel::OpenHead& head, bool end, tunnel::StreamHandler* handler,
                       Error& why);
  void say_drop(const std::string& machine) override;

 private:
  // Of a stream whose answer says nothing.
  class Unheard final : public tunnel::StreamHandler {
    void on_head(const http::ResponseHead&, bool) override {}
    void on_data(MutableBytes, bool) override {}
    void on_trailers(const http::Fields&) override {}
    void on_sendable() override {}
    void on_closed(const Error&, tunnel::ResetCode) override {}
  };
  class FeedReader final : public tunnel::StreamHandler {
   public:
    explicit FeedReader(OpeningLink& link) : link_(link) {}
    void on_head(const http::ResponseHead&, bool) override {}
    void on_data(MutableBytes payload, bool) override { link_.take_lines(payload); }
    void on_trailers(const http::Fields&) override {}
    void on_sendable() override {}
    void on_closed(const Error&, tunnel::ResetCode) override { link_.feed_closed(); }

   private:
    OpeningLink& link_;
  };

  void on_hello(const tunnel::pb::Hello& hello) override;
  void on_goaway(const tunnel::pb::Goaway& goaway) override;
  void take_lines(MutableBytes payload);
  void feed_closed();

  FeedReader feed_reader_{*this};
  Unheard unheard_;
  tunnel::Stream* feed_ = nullptr;
  MachineLines lines_;
  tunnel::OpenHead open_;  // scratch
};

// This end serves them, as an agent does: from tunnels of this process alone, so that no stream takes two hops.
class ServingLink final : public GenerationLink, private RelayOwner {
 public:
  // Both outlive it. Sends HELLO.
  ServingLink(GenerationLinkOwner& owner, std::unique_ptr<transport::Connection> connection, Carrier& carrier,
              const RecentMachines& recent);
  ~ServingLink() override;

  // A machine came or went.
  void tell(std::string_view machine);
  // GOAWAY: no further streams; those that run go on.
  void drain();
  size_t running() const { return relays_.size(); }
  // No stream of the other end's is open, or on its way: it has said, after our GOAWAY, that it opens none.
  bool is_quiet() const { return drained_ && relays_.empty(); }

 private:
  tunnel::StreamHandler* on_open(tunnel::Stream& stream, const tunnel::OpenHead& head, bool end) override;
  void on_pong(Duration round_trip) override;
  // RelayOwner
  void on_relay_over(RelayedStream& relay) override;

  uv::Loop& loop_;
  Carrier& carrier_;
  const RecentMachines& recent_;
  std::unique_ptr<MachineFeed> feed_;
  std::unordered_map<RelayedStream*, std::unique_ptr<RelayedStream>> relays_;
  tunnel::OpenHead open_;  // scratch
  bool draining_ = false;
  bool drained_ = false;
};

}  // namespace ingress::broker
