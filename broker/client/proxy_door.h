// Where a trusted proxy's new connection waits, on the loop that accepted it, until its PROXY header has said whose it
// is: from then on the socket's peer is that client, and what follows the header is read as if nothing had been before.
// Under --proxy-protocol alone. What has no good header in time is closed. Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "common/base/byte_buffer.h"
#include "common/proxies/proxy_settings.h"
#include "common/uv/socket.h"

namespace ingress::broker {

class ProxyDoor {
 public:
  // How long a header is waited for.
  static constexpr Duration kPatience{10000};

  using OnThrough = std::function<void(std::unique_ptr<uv::Socket> socket, bool tls)>;

  // `loop` outlives the door.
  ProxyDoor(uv::Loop& loop, OnThrough on_through);
  ~ProxyDoor();

  // For connections that come from now on.
  void set(const proxies::ProxySettings& settings) { settings_ = settings; }
  // This connection has to begin with a header.
  bool holds(const uv::Socket& socket) const;
  void take(std::unique_ptr<uv::Socket> socket, bool tls);
  bool empty() const { return guests_.empty(); }
  // Drops those that wait.
  void close_all();
  // Headers that were malformed, or did not come, so far.
  uint64_t refused() const { return refused_; }

 private:
  class Guest;
  void let_through(Guest& guest, const uv::Address& client);
  void refuse(Guest& guest, const char* why);
  void forget(Guest& guest);

  uv::Loop& loop_;
  OnThrough on_through_;
  proxies::ProxySettings settings_;
  uint64_t refused_ = 0;
  Time refused_logged_{};
  std::unordered_map<Guest*, std::unique_ptr<Guest>> guests_;
};

}  // namespace ingress::broker
