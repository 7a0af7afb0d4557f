#include "ctl/interrupts.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

namespace ingress::ctl {
namespace {

sigset_t endings() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

Interrupts::Interrupts() {
  const sigset_t signals = endings();
  fd_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd_ >= 0) pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

// What has come is taken, so that it does not end the program a moment later.
Interrupts::~Interrupts() {
  if (fd_ < 0) return;
  signalfd_siginfo taken{};
  while (::read(fd_, &taken, sizeof taken) == static_cast<ssize_t>(sizeof taken)) {
  }
  ::close(fd_);
  const sigset_t signals = endings();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

bool Interrupts::wait(Duration most) const {
  pollfd poll{fd_, POLLIN, 0};
  return ::poll(&poll, 1, static_cast<int>(most.count())) > 0;
}

}  // namespace ingress::ctl
