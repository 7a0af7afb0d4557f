// Who trusts the local CAs, all of them. Plain value.
#pragma once

namespace ingress::broker::dev {

struct Trust {
  bool system = false;    // its store: curl and most programs go by it
  bool browsers = false;  // each that this user has; the system, where there is none

  bool operator==(const Trust&) const = default;
};

}  // namespace ingress::broker::dev
