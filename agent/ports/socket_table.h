// Reads /proc/self/net/tcp and tcp6: which ports listen where the agent would reach them. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ingress::agent {

struct ListeningSocket {
  int port = 0;
  uint64_t inode = 0;

  bool operator==(const ListeningSocket&) const = default;
};

// Adds the sockets of `table` that listen on every address or on 127.0.0.1 or [::1]. A line that is cut off or is none
// is passed over. Words are in the order of this machine's bytes, as the kernel writes them.
void add_listening(std::string_view table, std::vector<ListeningSocket>& sockets);

}  // namespace ingress::agent
