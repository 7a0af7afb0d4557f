#include "common/uv/open_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/uv/loop.h"
#include "common/uv/owned_fd.h"
#include "common/uv/poller.h"

namespace ingress::uv {
namespace {

// What was told has no names: the watch is of a file.
bool tells_of_an_opening(Bytes told) {
  for (size_t at = 0; at + sizeof(inotify_event) <= told.size();) {
    const auto* event = reinterpret_cast<const inotify_event*>(told.data() + at);
    // Of events that were lost, one may have been an opening.
    if ((event->mask & (IN_OPEN | IN_Q_OVERFLOW)) != 0) return true;
    at += sizeof(inotify_event) + event->len;
  }
  return false;
}

class InotifyWatch final : public OpenWatch, private Polled {
 public:
  InotifyWatch(Loop& loop, OwnedFd fd, std::function<void()> on_open)
      : on_open_(std::move(on_open)), fd_(loop.poller(), fd.release(), EPOLLIN, *this) {}

  bool polled() const { return fd_.ok(); }

 private:
  void on_ready(uint32_t) override {
    alignas(inotify_event) uint8_t told[4096];
    bool opened = false;
    for (ssize_t count = 0; (count = ::read(fd_.fd(), told, sizeof told)) > 0;) {
      opened = tells_of_an_opening({told, static_cast<size_t>(count)}) || opened;
    }
    if (!opened) return;
    const std::function<void()> on_open = on_open_;  // its call may destroy this
    on_open();
  }

  std::function<void()> on_open_;
  PolledFd fd_;
};

}  // namespace

Result<std::unique_ptr<OpenWatch>> OpenWatch::watch(Loop& loop, const std::string& file,
                                                    std::function<void()> on_open) {
  OwnedFd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd.valid() || ::inotify_add_watch(fd.get(), file.c_str(), IN_OPEN) < 0) {
    return fail(ErrorCode::kIo, Side::kInternal, "watching a file", errno);
  }
  auto watch = std::make_unique<InotifyWatch>(loop, std::move(fd), std::move(on_open));
  if (!watch->polled()) return fail(ErrorCode::kIo, Side::kInternal, "watching a file", ENOSPC);
  return watch;
}

}  // namespace ingress::uv
