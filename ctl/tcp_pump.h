// Bytes between two descriptors of this side (or one socket) and a raw connection, until both sides have ended. Blocks.
#pragma once

#include "ctl/tcp_way.h"

namespace ingress::ctl {

// What this side is: a program's standard input and output, or one socket.
struct LocalEnds {
  int in = 0;
  int out = 1;
  // The far end's end closes `out`, and `in` may go on (a socket). Else it is the end of all (standard streams: nobody
  // would tell a terminal that there is nobody to type for).
  bool half_closes = false;
};

// False where either side broke off.
bool pump(const LocalEnds& local, TcpWay& way);

}  // namespace ingress::ctl
