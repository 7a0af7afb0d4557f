#include "broker/client/client_intake.h"

#include <utility>

#include "common/http/host_peek.h"
#include "common/tls/client_hello.h"

namespace ingress::broker {

// One connection until its first bytes have been seen.
class ClientIntake::Guest final : public uv::Buryable, private uv::SocketHandler, private DeadlineHandler {
 public:
  Guest(ClientIntake& intake, std::unique_ptr<uv::Socket> connected, bool over_tls)
      : socket(std::move(connected)), tls(over_tls), intake_(intake), deadline_(intake.loop_.deadlines(), *this) {
    socket->set_handler(this);
    socket->start_read();
    deadline_.arm(intake_.loop_.now() + kPatience);
  }

  std::unique_ptr<uv::Socket> socket;
  ByteBuffer begun;
  const bool tls;

  // It waits for nothing any more: for who buries it.
  void leave() { placed_ = true; }

 private:
  size_t read_limit() override { return tls ? tls::kMaxClientHelloBytes : http::kMaxPeekBytes; }
  void on_read(MutableBytes bytes) override {
    begun.append(bytes);
    const Peek peek = tls ? tls::peek_server_name(begun.view()) : http::peek_host(begun.view());
    if (peek.state != Peek::State::kMore) place(peek.host);
  }
  void on_read_end() override { place({}); }
  void on_failed(const Error&) override {
    if (!std::exchange(placed_, true)) intake_.forget(*this);
  }
  void on_write_drained() override {}
  void on_deadline(Deadline&) override { place({}); }

  // Once: the deadline may pass in the turn in which the bytes have come.
  void place(std::string_view host) {
    if (!std::exchange(placed_, true)) intake_.place(*this, host);
  }

  ClientIntake& intake_;
  Deadline deadline_;
  bool placed_ = false;
};

ClientIntake::ClientIntake(uv::Loop& loop, size_t self, const RouteTable& routes, const MachineDirectory& directory,
                           OnStay on_stay, OnHand on_hand)
    : loop_(loop),
      self_(self),
      routes_(routes),
      directory_(directory),
      on_stay_(std::move(on_stay)),
      on_hand_(std::move(on_hand)) {}

ClientIntake::~ClientIntake() = default;

void ClientIntake::take(std::unique_ptr<uv::Socket> socket, bool tls) {
  auto guest = std::make_unique<Guest>(*this, std::move(socket), tls);
  Guest* const key = guest.get();
  guests_.emplace(key, std::move(guest));
}

void ClientIntake::close_all() {
  for (auto& [guest, owned] : guests_) {
    guest->leave();
    loop_.bury(std::move(owned));
  }
  guests_.clear();
}

size_t ClientIntake::loop_of(std::string_view host) const {
  Resolution found;
  if (host.empty() || !routes_.read().resolve({host}, found)) return self_;
  return directory_.serving_loop(found.machine).value_or(self_);
}

void ClientIntake::place(Guest& guest, std::string_view host) {
  const size_t loop = loop_of(host);
  if (loop == self_) {
    guest.socket->unread(std::move(guest.begun));
    on_stay_(std::move(guest.socket), guest.tls);
  } else {
    std::optional<uv::Address> peer;
    if (const uv::Address* told = guest.socket->told_peer()) peer = *told;
    on_hand_(loop, {guest.socket->release(), std::move(guest.begun), guest.tls, std::move(peer)});
  }
  forget(guest);
}

void ClientIntake::forget(Guest& guest) {
  const auto found = guests_.find(&guest);
  if (found == guests_.end()) return;
  loop_.bury(std::move(found->second));
  guests_.erase(found);
}

}  // namespace ingress::broker
