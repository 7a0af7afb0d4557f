// One event loop and what every connection of it shares: the time, the read buffer, the deadline wheel, and the end of
// the iteration. Thread: a loop and all that lives on it belong to the thread that runs it; only post() is for others.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/deadline.h"

struct uv_loop_s;

namespace ingress::uv {

class Poller;

// Something with output gathered during this iteration, to be written at its end.
class Flushable {
 public:
  // The loop's list of those to be flushed; of no interest to others.
  struct DirtyLink {
    Flushable* previous = nullptr;
    Flushable* next = nullptr;
    bool linked = false;
  };

  virtual void flush() = 0;
  DirtyLink& dirty_link() { return dirty_link_; }

 protected:
  ~Flushable() = default;

 private:
  DirtyLink dirty_link_;
};

// Something that writes bytes of the loop's buffers from where they lie, several pieces at a time.
class Borrower {
 public:
  // In order, valid until the call returns; fewer than Socket::kMostParts. From write_borrowed() alone.
  virtual void write_parts(std::span<const Bytes> parts) = 0;

 protected:
  ~Borrower() = default;
};

// Something that may not be destroyed inside its own callback.
class Buryable {
 public:
  virtual ~Buryable() = default;
};

class Loop {
 public:
  static constexpr size_t kReadBufferBytes = size_t{256} * 1024;

  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  // Every handle must have been closed by its owner; runs the loop until the close callbacks are through and asserts
  // that nothing is left.
  ~Loop();

  // Runs until stop(), or until nothing is active: no open socket that reads or writes, no listener, no armed Timer or
  // Deadline, no pending connect or resolve. Output of the last iteration is flushed before it returns.
  void run();
  void stop();
  // The same, but that it waits for stop() whatever is active.
  void run_until_stopped();

  // Time of this iteration.
  Time now() const;
  // Advanced by the loop once a tick while a deadline is armed. An armed deadline keeps the loop running.
  DeadlineWheel& deadlines();

  // Calls flushable.flush() once, in the last step before the loop waits. Calling it again in the same
  // iteration changes nothing. A flushable that dies first must call forget_flush.
  void flush_later(Flushable& flushable);
  void forget_flush(Flushable& flushable);
  // Destroys `what` at the end of this iteration, after the flushes.
  void bury(std::unique_ptr<Buryable> what);
  // Runs `task` at the end of this iteration, before the flushes; a task deferred by a task runs in the next one.
  // Tasks that are left when the loop dies are dropped. Thread: the loop's.
  void defer(std::function<void()> task);
  // Runs `task` on the loop's thread, soon. Thread: any. A posted task keeps the loop alive no longer than other
  // handles do.
  void post(std::function<void()> task);

  // Shared by all reads of the loop: valid until the read's callback returns. kHeadroomBytes precede it.
  MutableBytes read_buffer();
  // A second one, for decrypted bytes. kHeadroomBytes precede it.
  MutableBytes plain_buffer();

  // Leaves bytes of one of the two buffers where they are until the callback of the read that brought
  // them has returned, and then has them written by one call for each borrower. False where they lie elsewhere.
  bool borrow(Borrower& borrower, Bytes bytes);
  // Has those of one borrower written now, before it writes anything else.
  void write_borrowed(Borrower& borrower);
  // Drops them: the borrower writes no more.
  void forget_borrowed(Borrower& borrower);
  // For who reads into the buffers: their next bytes are about to come.
  void write_borrowed();

  // Counts the ends of iterations.
  uint32_t iteration() const;
  // How long it last waited for the kernel between two of them; next to nothing where something was there at once.
  std::chrono::steady_clock::duration last_wait() const;
  // For common/uv only. Sockets are polled by poller(), all else is libuv's; who asks for raw() is about to start
  // a handle.
  uv_loop_s* raw();
  Poller& poller();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingress::uv
