// The tunnel's second way, where something in front of the broker speaks HTTP only: an Upgrade of HTTP/1.1
// (docs/protocol.md, 1).
#pragma once

#include <string>

#include "agent/session/broker_url.h"
#include "agent/session/reply_head.h"

namespace ingress::agent {

std::string upgrade_request(const BrokerUrl& broker);

// The answer to it, in any split.
class UpgradeReply {
 public:
  // True once the tunnel's frames may follow. An error is final.
  Result<bool> receive(Bytes bytes);

 private:
  ReplyHead head_;
};

}  // namespace ingress::agent
