// What listens in this machine's (or container's) network, as /proc tells it. Cheap: of each table the first 256 KiB
// are read (the kernel lists listening sockets first), and who owns a socket is looked up once, when it is new, in at
// most 4096 descriptors. Blocks for no longer than that takes. Thread: one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/ports/listening_port.h"
#include "agent/ports/socket_table.h"

namespace ingress::agent {

class ProcReader {
 public:
  static constexpr size_t kMostTableBytes = size_t{256} * 1024;
  static constexpr size_t kMostLinks = 4096;
  // Reads at which one socket is looked for where there were more.
  static constexpr int kMostLooks = 10;

  // `wanted`: is the port one to be told of? `root` is where /proc is.
  explicit ProcReader(std::function<bool(int port)> wanted, std::string root = "/proc");

  // What listens now; nothing where there is no such table.
  ListeningPorts read();

 private:
  // Of who listens; "" while it is not known. `looks_left`: how often it may still be looked for.
  struct Name {
    std::string text;
    int looks_left = kMostLooks;
  };

  void name_new(const std::vector<ListeningSocket>& sockets);
  // Looks through the descriptors of one process; false once `links` are used up.
  bool look_into(const std::string& process, std::unordered_map<uint64_t, Name*>& unnamed, size_t& links) const;
  std::string command_of(const std::string& process) const;

  std::function<bool(int port)> wanted_;
  std::string root_;
  std::unordered_map<uint64_t, Name> names_;  // by inode, of sockets that listened at the last read()
};

}  // namespace ingress::agent
