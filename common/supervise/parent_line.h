// A child's words to its parent, over a pipe: that it can begin, so that the child before it may hand over, and that it
// is leaving, so that the next child is started at once and not when this one has run dry. A parent that is told to end
// closes its end before it tells its children: no child comes after them. Thread: main.
#pragma once

#include <functional>
#include <memory>

#include "common/uv/child_process.h"
#include "common/uv/fd_watch.h"
#include "common/uv/loop.h"
#include "common/uv/owned_fd.h"

namespace ingress::supervise {

// The child's end.
class ParentLine {
 public:
  // Takes what the parent left in the environment.
  ParentLine();

  // Is a child of --supervise, and its parent lives and starts the next child: one that is ending itself no longer
  // does.
  bool has_parent() const;
  // These do nothing without a parent.
  // All that this process needs is there, but what the one before it hands over.
  void begin() { say('b'); }
  void leave() { say('l'); }

 private:
  void say(char word);

  uv::OwnedFd fd_;
};

// The parent's end.
class ChildLine {
 public:
  // Adds the child's end to what it is started with; keep what is returned until it has started. Each is called once at
  // most. Without descriptors there is no line.
  uv::OwnedFd equip(uv::Loop& loop, uv::ChildProgram& child, std::function<void()> on_begin,
                    std::function<void()> on_leave);

 private:
  void on_readable();

  uv::OwnedFd fd_;
  std::function<void()> on_begin_;
  std::function<void()> on_leave_;
  std::unique_ptr<uv::FdWatch> watch_;  // ends before the descriptor does
};

}  // namespace ingress::supervise
