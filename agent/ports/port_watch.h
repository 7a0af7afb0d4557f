// Watches which ports of this machine listen: every 2 s, and less often while nothing changes (PortLedger).
// Thread: the loop's.
#pragma once

#include <functional>

#include "agent/ports/port_ledger.h"
#include "agent/ports/proc_reader.h"
#include "common/uv/loop.h"
#include "common/uv/timer.h"

namespace ingress::agent {

class PortWatch {
 public:
  // Looks that are asked for are no nearer to each other than this.
  static constexpr Duration kLeastApart{250};

  // `on_change` is called with the first look's result too. `wanted` as ProcReader has it.
  PortWatch(uv::Loop& loop, std::function<bool(int port)> wanted, std::function<void()> on_change);

  // Looks at once, and then again and again; it keeps no loop running.
  void start();
  // Looks now, unless that was done just before: a port has refused, or somebody wants to know.
  void look();
  const ListeningPorts& now_listening() const { return ledger_.now_listening(); }
  bool listened_lately(int port) const { return ledger_.listened_lately(port, loop_.now()); }

 private:
  void look_now();

  uv::Loop& loop_;
  ProcReader reader_;
  PortLedger ledger_;
  std::function<void()> on_change_;
  uv::Timer timer_;
  Time looked_at_{};
  bool started_ = false;
};

}  // namespace ingress::agent
