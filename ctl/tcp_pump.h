// Bytes between two descriptors of this side (or one socket) and a raw connection, until both sides have ended. Blocks.
#pragma once

#include <cstdint>

#include "ctl/tcp_way.h"

namespace ingress::ctl {

// The far end's end closes `out`. It may be half of its end alone, and only a write can tell: what becomes of `in`?
enum class Rest : uint8_t {
  kSent,            // it is sent to its end
  kSentUnlessMute,  // the same, but for a pipe that has given nothing for 3 s: nobody writes to it
  kLeft,            // it is read no more: nobody would tell a terminal that there is nobody to type for
};

// What this side is: a program's standard input and output, or one socket.
struct LocalEnds {
  int in = 0;
  int out = 1;
  Rest rest = Rest::kSent;
};

// False where either side broke off, or something that was read of `in` could not be sent.
bool pump(const LocalEnds& local, TcpWay& way);

}  // namespace ingress::ctl
