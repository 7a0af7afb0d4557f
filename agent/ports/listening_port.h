// A port of this machine that listens. Plain value.
#pragma once

#include <string>
#include <vector>

namespace ingress::agent {

struct ListeningPort {
  int number = 0;
  std::string process;  // the name of who listens, printable ASCII; empty where it is not known

  bool operator==(const ListeningPort&) const = default;
};

struct ListeningPorts {
  static constexpr size_t kMost = 512;

  std::vector<ListeningPort> ports;  // by number, at most kMost
  bool more = false;                 // there are others

  bool operator==(const ListeningPorts&) const = default;
};

}  // namespace ingress::agent
