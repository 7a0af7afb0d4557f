#include "common/supervise/parent_line.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "common/uv/inherited_fds.h"

namespace ingress::supervise {
namespace {

constexpr const char* kVariable = "INGRESS_PARENT_LINE";

}  // namespace

ParentLine::ParentLine() {
  std::vector<uv::OwnedFd> fds = uv::take_inherited_fds(kVariable);
  if (!fds.empty()) fd_ = std::move(fds.front());
}

// A pipe that nobody can read from any more is in error.
bool ParentLine::has_parent() const {
  pollfd at{fd_.get(), 0, 0};
  return fd_.valid() && ::poll(&at, 1, 0) == 0;
}

void ParentLine::say(char word) {
  if (!has_parent()) return;
  (void)!::write(fd_.get(), &word, 1);  // a parent that is gone starts nobody
}

uv::OwnedFd ChildLine::equip(uv::Loop& loop, uv::ChildProgram& child, std::function<void()> on_begin,
                             std::function<void()> on_leave) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return {};
  fd_ = uv::OwnedFd(ends[0]);
  uv::OwnedFd of_child(ends[1]);
  auto watch = uv::FdWatch::watch(loop, fd_.get(), [this](bool, bool) { on_readable(); });
  if (!watch) return {};
  on_begin_ = std::move(on_begin);
  on_leave_ = std::move(on_leave);
  watch_ = std::move(*watch);
  watch_->set(true, false);
  child.inherit(kVariable, {of_child.get()});
  return of_child;
}

// One word at a time: what it leads to may be the end of this. It may have ended without any.
void ChildLine::on_readable() {
  char word = 0;
  const ssize_t count = ::read(fd_.get(), &word, 1);
  if (count < 0 && errno == EAGAIN) return;
  if (count != 1 || word != 'b') watch_.reset();
  if (count != 1) return;
  const auto told = std::exchange(word == 'b' ? on_begin_ : on_leave_, nullptr);
  if (told) told();
}

}  // namespace ingress::supervise
