#include "agent/session/upgrade.h"

namespace ingress::agent {
namespace {

constexpr const char* kProtocol = "iterate-tunnel";
constexpr const char* kPath = "/.well-known/iterate-tunnel";
constexpr int kUsualPort = 443;

// As a browser writes it: balancers route by it.
std::string host_of(const BrokerUrl& broker) {
  std::string authority = broker.authority();
  if (broker.port == kUsualPort) authority.resize(authority.rfind(':'));
  return authority;
}

}  // namespace

std::string upgrade_request(const BrokerUrl& broker) {
  return std::string("GET ") + kPath + " HTTP/1.1\r\nHost: " + host_of(broker) +
         "\r\nConnection: Upgrade\r\nUpgrade: " + kProtocol + "\r\n\r\n";
}

Result<bool> UpgradeReply::receive(Bytes bytes) {
  const Result<bool> whole = head_.receive(bytes);
  if (!whole || !*whole) return whole;
  if (head_.status() == 101 && head_.has("Upgrade", kProtocol)) {
    if (head_.bytes_behind()) return fail(ErrorCode::kProtocol, Side::kTunnel, "bytes behind the answer to an Upgrade");
    return true;
  }
  if (head_.status() == 403) {
    return fail(ErrorCode::kForbidden, Side::kTunnel,
                "the Upgrade is refused (403): the broker has to name what is in front of it by --trusted-proxy");
  }
  return fail(ErrorCode::kProtocol, Side::kTunnel, "the server there takes no tunnels, neither by ALPN nor by Upgrade");
}

}  // namespace ingress::agent
