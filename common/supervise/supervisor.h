// `run --supervise`: a parent that holds the listening sockets and starts the program as its child. A child that dies
// is started again, and who connects meanwhile waits in the sockets' queues; SIGUSR2 starts the program file anew (an
// upgrade): once the new child has said that it can begin (parent_line.h) the old one gets SIGUSR2 too, hands over and
// runs its exchanges dry; a new one that ends before that changes nothing. A child that says that it serves ends the
// waiting of all before it, which are told so; and each child learns whether one before it may still serve. Thread:
// main.
//
// Signals: SIGTERM and SIGINT go to all children, and it ends with them; each knows that no child comes after it
// (parent_line.h), and may serve on as long as that helps. SIGHUP goes to all children that have begun, and to others
// once they have, or is an upgrade; SIGUSR2 upgrades, after `validate` of the program file there now has found the
// configuration good. A child that is told to end by somebody else says so (parent_line.h): the next one is started at
// once, and the two run as in an upgrade.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/uv/child_process.h"
#include "common/uv/loop.h"
#include "common/uv/owned_fd.h"
#include "common/uv/socket.h"

namespace ingress::supervise {

// What the program gives its children beside the sockets.
class ChildKit {
 public:
  virtual ~ChildKit() = default;
  // A child is about to start. `running` are the children that still run, the latest at the back. The descriptors that
  // are returned stay open until it has started.
  virtual std::vector<uv::OwnedFd> equip(uv::ChildProgram& child, uint64_t number,
                                         const std::vector<uint64_t>& running) = 0;
  virtual void on_ended(uint64_t number) = 0;
  // A child goes by another name (parent_line.h).
  virtual void on_renamed(uint64_t /*number*/, const std::string& /*name*/) {}
};

struct Plan {
  std::vector<std::string> argv;       // this process's own; a child gets --supervise=false, too
  std::vector<uv::Address> addresses;  // to listen at
  bool reload_is_upgrade = false;      // what SIGHUP does; else a child that runs dry only reopens its logs for it
};

class Supervisor {
 public:
  // `kit` outlives it.
  Supervisor(uv::Loop& loop, Plan plan, ChildKit& kit);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Until the last child has ended. Returns the exit code.
  int run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingress::supervise
