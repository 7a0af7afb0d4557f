// Who takes the process's signals: the thread that runs the loop, and nobody once the loop has ended.
#pragma once

#include <csignal>

namespace ingress {

// While it lives, the calling thread takes no signal, and threads that it starts never do.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

// For a process that is about to end by itself, with its exit code: SIGTERM and SIGINT of the calling thread wait for
// ever, also when the watches that handled them are gone.
inline void block_termination() {
  sigset_t termination;
  sigemptyset(&termination);
  sigaddset(&termination, SIGTERM);
  sigaddset(&termination, SIGINT);
  pthread_sigmask(SIG_BLOCK, &termination, nullptr);
}

}  // namespace ingress
