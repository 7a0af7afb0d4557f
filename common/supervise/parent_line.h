// Words between a child and its parent, over two pipes. The child says that it can begin, so that the child before it
// may hand over; that it serves, so that those before it need not any more; and that it is leaving, so that the next
// child is started at once and not when this one has run dry; and by which name it goes, where that has changed. The
// parent says that no child before this one serves, and that a later one does. A parent that is told to end closes its
// ends before it tells its children: no child comes after them.
//
// Parent and child may be of different versions: a word that is not known is none, and a parent from before its own
// words, which takes every word but "begin" for the last, is told no more than that, and that a child leaves. A name is
// said in hex digits: where "name" is not known, neither are they. Thread: main.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/uv/child_process.h"
#include "common/uv/fd_watch.h"
#include "common/uv/loop.h"
#include "common/uv/owned_fd.h"

namespace ingress::supervise {

inline constexpr size_t kNameBytes = 16;

// The child's end.
class ParentLine {
 public:
  // Takes what the parent left in the environment.
  ParentLine();

  // Is a child of --supervise, and its parent lives and starts the next child: one that is ending itself no longer
  // does.
  bool has_parent() const;
  // As far as it has been told, no child before this one serves: those that were there have ended, or are leaving. So
  // it is without a parent, or with one that doesn't say.
  bool alone() const { return alone_; }
  // The parent has words of its own: it says when a later child serves, and is told by which name this one goes.
  bool speaks() const { return words_.valid(); }
  // From now on calls back, in turns of the loop, once it is alone() where it was not, and when a later child serves.
  void listen(uv::Loop& loop, std::function<void()> on_alone, std::function<void()> on_next_serves);
  // These do nothing without a parent.
  // All that this process needs is there, but what the one before it hands over.
  void begin();
  // What children before it served, it serves: they need not wait to be told so by others.
  void serves();
  // By which name, of kNameBytes, this process goes from now on.
  void rename(std::string_view name);
  void leave();

 private:
  void say(std::string_view words);
  void on_readable();

  uv::OwnedFd fd_;
  uv::OwnedFd words_;  // the parent's
  bool alone_ = true;
  std::function<void()> on_alone_;
  std::function<void()> on_next_serves_;
  std::unique_ptr<uv::FdWatch> watch_;  // ends before the descriptor does
};

// The parent's end.
class ChildLine {
 public:
  // What the child says. Each is called once at most, but for on_rename.
  struct Heard {
    std::function<void()> on_begin;
    std::function<void()> on_serve;
    std::function<void()> on_leave;
    std::function<void(const std::string& name)> on_rename;
  };

  // Adds the child's ends to what it is started with; keep what is returned until it has started. Without descriptors
  // there is no line.
  std::vector<uv::OwnedFd> equip(uv::Loop& loop, uv::ChildProgram& child, Heard heard);
  // What the child hears, now or once it listens.
  void tell_alone();
  void tell_next_serves();

 private:
  void on_readable();
  void hear_name();
  void tell(char word);

  uv::OwnedFd fd_;
  uv::OwnedFd words_;
  Heard heard_;
  std::unique_ptr<uv::FdWatch> watch_;  // ends before the descriptor does
};

}  // namespace ingress::supervise
