#include "common/uv/fd_watch.h"

#include <uv.h>

#include <utility>

#include "common/uv/loop.h"
#include "common/uv/uv_error.h"
#include "common/uv/uv_handle.h"

namespace ingress::uv {
namespace {

class PollWatch final : public FdWatch {
 public:
  explicit PollWatch(OnReady on_ready) : handle_(std::move(on_ready)) {}

  int start(Loop& loop, int fd) { return uv_poll_init(loop.raw(), handle_.get(), fd); }

  void set(bool readable, bool writable) override {
    const int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
    if (events == 0) {
      uv_poll_stop(handle_.get());
      return;
    }
    uv_poll_start(handle_.get(), events, [](uv_poll_t* handle, int status, int ready) {
      // An error is told by the read that follows.
      const OnReady& on_ready = Handle::state_of(handle);
      on_ready(status < 0 || (ready & UV_READABLE) != 0, (ready & UV_WRITABLE) != 0);
    });
  }

 private:
  using Handle = UvHandle<uv_poll_t, OnReady>;
  Handle handle_;
};

}  // namespace

Result<std::unique_ptr<FdWatch>> FdWatch::watch(Loop& loop, int fd, OnReady on_ready) {
  auto watch = std::make_unique<PollWatch>(std::move(on_ready));
  const int status = watch->start(loop, fd);
  if (status != 0) return tl::unexpected(uv_error(ErrorCode::kIo, status, "watch a descriptor"));
  return watch;
}

}  // namespace ingress::uv
