// What is remembered of the ports that were seen, and how soon to look again. Pure; time is passed in.
#pragma once

#include <map>

#include "agent/ports/listening_port.h"
#include "common/base/clock.h"

namespace ingress::agent {

class PortLedger {
 public:
  static constexpr Duration kLeastPause{2000};
  static constexpr Duration kMostPause{8000};
  // After so many looks that found nothing new the pause doubles.
  static constexpr int kPatience = 16;
  // How long a port counts as one that listened lately.
  static constexpr Duration kLately{60000};

  // What a look has found; true where it is something else than before. The first one always is.
  bool take(ListeningPorts found, Time now);
  const ListeningPorts& now_listening() const { return current_; }
  // It listens, or did so less than kLately ago.
  bool listened_lately(int port, Time now) const;
  // Until the next look.
  Duration pause() const { return pause_; }
  // Something has happened: the next looks are near.
  void hurry();

 private:
  ListeningPorts current_;
  std::map<int, Time> seen_;  // when each port was seen last
  Duration pause_ = kLeastPause;
  int unchanged_ = 0;
  bool looked_ = false;
};

}  // namespace ingress::agent
