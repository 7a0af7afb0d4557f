#include "broker/tunnel/tunnel_lobby.h"

#include <utility>

#include "broker/tunnel/hello_peek.h"
#include "common/base/log.h"
#include "common/tls/tls_session.h"

namespace ingress::broker {

// One tunnel until it is placed, or gone.
class TunnelLobby::Guest final : public uv::Buryable, private transport::ConnectionHandler, private DeadlineHandler {
 public:
  Guest(TunnelLobby& lobby, std::unique_ptr<transport::Connection> accepted)
      : connection(std::move(accepted)), lobby_(lobby), deadline_(lobby.loop_.deadlines(), *this) {
    connection->set_handler(this);
    connection->resume_read();
    deadline_.arm(lobby_.loop_.now() + kHelloTimeout);
  }

  std::unique_ptr<transport::Connection> connection;
  ByteBuffer begun;
  HelloPeek peek;
  HelloPeek::State state = HelloPeek::State::kMore;
  bool gone = false;

 private:
  void on_data(MutableBytes bytes) override {
    begun.append(bytes);
    if (state == HelloPeek::State::kMore) state = peek.take(bytes);
    if (state == HelloPeek::State::kMore) return;
    connection->pause_read();
    if (std::exchange(placing_, true)) return;
    // Its connection may not be taken from under it.
    lobby_.loop_.defer([this, watch = std::weak_ptr<bool>(alive_)] {
      if (!watch.expired() && !gone) lobby_.place(*this);
    });
  }
  void on_end() override { connection->close(); }
  void on_closed(const Error&) override {
    gone = true;
    lobby_.loop_.bury(std::move(connection));
    lobby_.forget(this);
  }
  void on_deadline(Deadline&) override {
    log_info("tunnel_silent", {{"peer", connection->peer().to_text()}, {"reason", "no HELLO in time"}});
    connection->close();
  }

  TunnelLobby& lobby_;
  Deadline deadline_;
  bool placing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

TunnelLobby::TunnelLobby(uv::Loop& loop, size_t self, MachineDirectory& directory, TunnelAuthority& authority,
                         TunnelRegistry& registry, OnHand on_hand)
    : loop_(loop),
      self_(self),
      directory_(directory),
      authority_(authority),
      registry_(registry),
      on_hand_(std::move(on_hand)) {}

TunnelLobby::~TunnelLobby() = default;

void TunnelLobby::adopt(std::unique_ptr<transport::Connection> connection) {
  auto guest = std::make_unique<Guest>(*this, std::move(connection));
  Guest* const key = guest.get();
  guests_.emplace(key, std::move(guest));
}

void TunnelLobby::close_all() {
  for (const auto& [guest, owned] : guests_) guest->connection->close();
}

void TunnelLobby::place(Guest& guest) {
  guest.gone = true;
  const bool good = guest.state == HelloPeek::State::kFound &&
                    authority_.check(guest.peek.machine(), guest.peek.token()) == TunnelAuthority::Verdict::kGood;
  const size_t loop = good ? directory_.enter(guest.peek.machine()) : self_;
  if (loop == self_) {
    registry_.adopt(std::move(guest.connection), guest.begun.mutable_view(),
                    good ? guest.peek.machine() : std::string());
  } else {
    hand(guest, loop);
  }
  forget(&guest);
}

void TunnelLobby::hand(Guest& guest, size_t loop) {
  std::optional<transport::Detached> detached = guest.connection->detach();
  guest.connection->set_handler(nullptr);  // one that has closed meanwhile has still to say so
  loop_.bury(std::move(guest.connection));
  if (detached) {
    on_hand_(loop, {guest.peek.machine(), std::move(*detached), std::move(guest.begun)});
  } else {
    directory_.leave(guest.peek.machine());  // the agent comes again
  }
}

void TunnelLobby::forget(Guest* guest) {
  const auto found = guests_.find(guest);
  loop_.bury(std::move(found->second));
  guests_.erase(found);
}

}  // namespace ingress::broker
