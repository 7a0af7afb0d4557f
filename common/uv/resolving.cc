#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/uv/name_lookup.h"
#include "common/uv/sock_address.h"
#include "common/uv/socket.h"

namespace ingress::uv {
namespace {

// `localhost` and the names under it are this machine's loopback, whatever a file or a server says (RFC 6761, 6.3).
bool is_localhost(std::string name) {
  constexpr std::string_view kLocalhost = "localhost";
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; });
  if (name.ends_with('.')) name.pop_back();
  return name == kLocalhost || name.ends_with(".localhost");
}

class NameResolving final : public Resolving, private Flushable {
 public:
  NameResolving(Loop& loop, int port, Resolving::OnDone on_done)
      : loop_(loop), port_(port), on_done_(std::move(on_done)) {}
  ~NameResolving() override { loop_.forget_flush(*this); }

  void start(const std::string& name) {
    Address numeric;
    numeric.ip = name;
    if (sockaddr_storage storage; to_sockaddr(numeric, storage)) return finish_later({std::move(numeric)});
    if (is_localhost(name)) return finish_later({{"127.0.0.1", 0, {}}, {"::1", 0, {}}});
    lookup_ = NameLookup::start(loop_, name, [this](Result<std::vector<Address>> found) { finish(std::move(found)); });
  }

 private:
  void finish_later(std::vector<Address> known) {
    known_ = std::move(known);
    loop_.flush_later(*this);
  }

  void flush() override { finish(std::move(known_)); }

  // Each address once, with the port.
  void finish(Result<std::vector<Address>> found) {
    const Resolving::OnDone on_done = std::move(on_done_);  // its call may destroy this attempt
    if (!found) return on_done(std::move(found));
    std::vector<Address> addresses;
    for (Address& address : *found) {
      const auto same = [&address](const Address& other) { return other.ip == address.ip; };
      if (std::any_of(addresses.begin(), addresses.end(), same)) continue;
      address.port = port_;
      addresses.push_back(std::move(address));
    }
    on_done(std::move(addresses));
  }

  Loop& loop_;
  int port_;
  Resolving::OnDone on_done_;
  std::vector<Address> known_;
  std::unique_ptr<NameLookup> lookup_;
};

}  // namespace

std::unique_ptr<Resolving> Resolving::resolve(Loop& loop, const std::string& name, int port, OnDone on_done) {
  auto attempt = std::make_unique<NameResolving>(loop, port, std::move(on_done));
  attempt->start(name);
  return attempt;
}

}  // namespace ingress::uv
