#include "broker/client/proxy_door.h"

#include <utility>

#include "common/base/log.h"
#include "common/http/host_peek.h"
#include "common/proxies/proxy_header.h"
#include "common/tls/client_hello.h"

namespace ingress::broker {
namespace {

// Refusals are told once in this time.
constexpr Duration kLogInterval{10000};

// What is read beyond a header is read again, whole, by who looks for the connection's machine.
static_assert(proxies::kMaxProxyHeaderBytes <= http::kMaxPeekBytes);
static_assert(proxies::kMaxProxyHeaderBytes <= tls::kMaxClientHelloBytes);

}  // namespace

// One connection until its header has been seen.
class ProxyDoor::Guest final : public uv::Buryable, private uv::SocketHandler, private DeadlineHandler {
 public:
  Guest(ProxyDoor& door, std::unique_ptr<uv::Socket> connected, bool over_tls)
      : socket(std::move(connected)), tls(over_tls), door_(door), deadline_(door.loop_.deadlines(), *this) {
    socket->set_handler(this);
    socket->start_read();
    deadline_.arm(door_.loop_.now() + kPatience);
  }

  std::unique_ptr<uv::Socket> socket;
  ByteBuffer begun;
  const bool tls;

  // It waits for nothing any more: for who buries it.
  void leave() { done_ = true; }

 private:
  // A header that is longer is refused before this is 0.
  size_t read_limit() override { return proxies::kMaxProxyHeaderBytes - begun.size(); }
  void on_read(MutableBytes bytes) override {
    begun.append(bytes);
    const proxies::ProxyHeader header = proxies::read_proxy_header(begun.view());
    if (header.state == proxies::ProxyHeader::State::kMore) return;
    if (std::exchange(done_, true)) return;
    if (header.state == proxies::ProxyHeader::State::kBad) return door_.refuse(*this, header.problem);
    begun.consume(header.size);
    uv::Address client;
    client.ip = header.client_ip;
    client.port = header.client_port;
    door_.let_through(*this, client);
  }
  // A balancer's health check connects and leaves.
  void on_read_end() override {
    if (std::exchange(done_, true)) return;
    begun.empty() ? door_.forget(*this) : door_.refuse(*this, "it ended within its header");
  }
  void on_failed(const Error&) override {
    if (!std::exchange(done_, true)) door_.forget(*this);
  }
  void on_write_drained() override {}
  void on_deadline(Deadline&) override {
    if (!std::exchange(done_, true)) door_.refuse(*this, "no PROXY header in time");
  }

  ProxyDoor& door_;
  Deadline deadline_;
  bool done_ = false;
};

ProxyDoor::ProxyDoor(uv::Loop& loop, OnThrough on_through) : loop_(loop), on_through_(std::move(on_through)) {}

ProxyDoor::~ProxyDoor() = default;

bool ProxyDoor::holds(const uv::Socket& socket) const {
  return settings_.header && settings_.trusted.trusts(socket.peer().ip);
}

void ProxyDoor::take(std::unique_ptr<uv::Socket> socket, bool tls) {
  auto guest = std::make_unique<Guest>(*this, std::move(socket), tls);
  Guest* const key = guest.get();
  guests_.emplace(key, std::move(guest));
}

void ProxyDoor::close_all() {
  for (auto& [guest, owned] : guests_) {
    guest->leave();
    loop_.bury(std::move(owned));
  }
  guests_.clear();
}

void ProxyDoor::let_through(Guest& guest, const uv::Address& client) {
  if (!client.ip.empty()) guest.socket->tell_peer(client);
  guest.socket->unread(std::move(guest.begun));
  on_through_(std::move(guest.socket), guest.tls);
  forget(guest);
}

void ProxyDoor::refuse(Guest& guest, const char* why) {
  ++refused_;
  if (loop_.now() >= refused_logged_ + kLogInterval) {
    refused_logged_ = loop_.now();
    log_warn("proxy_header_refused", {{"peer", guest.socket->peer().to_text()}, {"why", why}});
  }
  guest.socket->reset_on_close();
  forget(guest);
}

void ProxyDoor::forget(Guest& guest) {
  const auto found = guests_.find(&guest);
  if (found == guests_.end()) return;
  loop_.bury(std::move(found->second));
  guests_.erase(found);
}

}  // namespace ingress::broker
