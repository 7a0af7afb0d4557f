// Keeps what the loops see of machines: the book says how things are, the journal how they came to be so.
// Thread: any, but for what takes news of the routes, which is the first loop's.
#pragma once

#include <string_view>
#include <vector>

#include "broker/routing/machine_news.h"
#include "broker/tunnel/machine_book.h"
#include "broker/tunnel/machine_journal.h"
#include "broker/tunnel/tunnel_registry.h"

namespace ingress::broker {

class MachineDiary {
 public:
  // Ports that an event names; it counts the others.
  static constexpr size_t kMostPorts = 64;

  MachineDiary();

  const MachineBook& book() const { return book_; }
  MachineJournal& journal() { return journal_; }

  void tunnel_up(const TunnelInfo& tunnel);
  void tunnel_down(const TunnelInfo& tunnel, std::string_view reason, bool connected);
  void machine_down(std::string_view machine) { book_.went(machine); }
  void ports(std::string_view machine, MachinePorts ports);
  void activity(std::string_view machine, const ActivityNews& news);
  void left(std::string_view machine, const LeftStreams& left);
  // Once a second or so: machines that nobody has used for a while are idle.
  void look_for_idle();
  // What changes of the routes mean to machines.
  void news(const std::vector<MachineNews>& news);

 private:
  void add(std::string_view machine, const char* type, std::string data);
  void add_activity(std::string_view machine, int64_t now);

  MachineBook book_;
  MachineJournal journal_;
};

}  // namespace ingress::broker
