// Ctrl-C and SIGTERM, for commands that run until they are told to end: while it lives they end nothing by themselves
// and wait here. Thread: the main one, before others are started.
#pragma once

#include "common/base/clock.h"

namespace ingress::ctl {

class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // Readable once one has come; -1 where there is none to be had (then they end the program as ever).
  int descriptor() const { return fd_; }
  // Waits; true as soon as one has come.
  bool wait(Duration most) const;

 private:
  int fd_ = -1;
};

}  // namespace ingress::ctl
