// Links to the other processes of this broker that an upgrade left running, or started: streams to machines whose
// tunnels are there, for clients that are here, and the other way round. Without a supervisor that makes links there
// are none, and nothing is done.
// Thread: the first loop's, but for hold() and machine_changed().
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/generations/generation_link.h"
#include "common/base/text_hash.h"
#include "common/uv/owned_fd.h"
#include "common/uv/socket.h"
#include "common/uv/timer.h"

namespace ingress::broker {

class Generations final : public OtherGenerations, private GenerationLinkOwner {
 public:
  // Names the descriptors by which a supervisor's child inherits its links: its own two doors (local_door.h), for who
  // opens streams here and for who serves them, then two connections for each older process: to the door of either
  // kind.
  static constexpr const char* kVariable = "INGRESS_GENERATION_FDS";
  using OnUp = std::function<void(const std::vector<std::string>& machines)>;
  using OnDrop = std::function<void(const std::string& machine)>;

  // `carrier` is the first loop's; all outlive it. `on_up`: machines can be reached by way of another generation.
  // `on_drop`: another one, which has the database, says that a machine's tunnels are to close.
  Generations(uv::Loop& loop, Carrier& carrier, RecentMachines& recent, OnUp on_up, OnDrop on_drop);
  ~Generations();
  Generations(const Generations&) = delete;
  Generations& operator=(const Generations&) = delete;

  // Takes what this process has inherited.
  void begin(std::vector<uv::OwnedFd> inherited);
  // A tunnel of the machine has come here, or its last one is gone; `recent` knows of it already. Thread: any.
  void machine_changed(std::string_view machine);
  // Tells the others, which do not see the database, to close the machine's tunnels. Thread: any.
  void drop_machine(std::string_view machine);
  // Another process of this broker runs: one that was upgraded, with what it still has under way, or the next one.
  bool is_linked() const { return !links_.empty(); }
  // The others open no further streams here; those that run go on. How many there are.
  size_t drain();
  // Closes all links, what is under way in them written first, and what is on its way to them answered (within
  // kQuietTime); `done`, once, when that is through.
  void close(std::function<void()> done);

  // OtherGenerations
  bool hold(std::string_view machine) const override;
  tunnel::Stream* open(std::string_view machine, const tunnel::OpenHead& head, bool end, tunnel::StreamHandler* handler,
                       Error& why) override;

 private:
  enum class Direction : uint8_t { kOpens, kServes };  // what this end does

  // GenerationLinkOwner
  void on_machines(GenerationLink& link, MachineLines::Changes changes) override;
  void on_no_more(GenerationLink& link) override { forget_machines(link); }
  void on_quiet(GenerationLink& link) override;
  void on_drop(std::string machine) override;
  void on_link_gone(GenerationLink& link) override;

  bool listen(uv::OwnedFd door, Direction direction);
  void accept(std::unique_ptr<uv::Socket> accepted, Direction direction);
  void add(uv::OwnedFd connection, Direction direction);
  // Under mutex_.
  void add_holder(const std::string& machine, OpeningLink* link);
  void remove_holder(const std::string& machine, const OpeningLink* link);
  void forget_machines(const GenerationLink& link);
  void close_links();
  void tick();

  static constexpr Duration kQuietTime{2000};

  uv::Loop& loop_;
  Carrier& carrier_;
  RecentMachines& recent_;
  OnUp on_up_;
  OnDrop on_drop_;
  uv::Timer ticker_;
  std::vector<std::unique_ptr<uv::Listener>> doors_;
  std::unordered_map<GenerationLink*, std::unique_ptr<GenerationLink>> links_;
  std::vector<ServingLink*> serving_;
  std::atomic<bool> watched_{false};  // somebody is told of machines
  mutable std::mutex mutex_;
  TextMap<std::vector<OpeningLink*>> holders_;  // none is empty; guarded by mutex_, written by the first loop alone
  std::function<void()> on_closed_;
  uv::Timer quiet_timer_;
};

}  // namespace ingress::broker
