// libuv 1.44's behaviour, as its documentation and src/unix/core.c and src/timer.c have it, for loops, timers, asyncs
// and the watches of folders (which never tell anything). Nothing here waits.
#include "tests/sim/fake_uv.h"

#include <uv.h>

#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "common/uv/loop.h"
#include "tests/sim/kernel.h"

namespace {

using ingress::sim::Kernel;
using ingress::sim::UvSignal;

constexpr unsigned kActive = 1;
constexpr unsigned kReferenced = 2;
constexpr unsigned kClosing = 4;

struct FakeLoop {
  using TimerKey = std::tuple<uint64_t, uint64_t, uv_timer_t*>;  // by time, then in the order of starting

  uint64_t now_ms = 0;
  uint64_t next_start = 0;
  std::set<TimerKey> timers;
  std::vector<uv_handle_t*> handles;
  std::vector<uv_async_t*> asyncs;
  std::vector<uv_handle_t*> closing;
  UvSignal signal;
  int fd = -1;
};

FakeLoop& fake(const uv_loop_t* loop) { return *static_cast<FakeLoop*>(loop->internal_fields); }
uv_handle_t* raw(void* handle) { return static_cast<uv_handle_t*>(handle); }

uint64_t virtual_ms() {
  using std::chrono::milliseconds;
  const auto now = Kernel::current->network().events().now();
  return static_cast<uint64_t>(std::chrono::duration_cast<milliseconds>(now).count());
}

template <class Handle>
void init(uv_loop_t* loop, Handle* handle, uv_handle_type type, unsigned flags) {
  handle->loop = loop;
  handle->type = type;
  handle->flags = flags;
  fake(loop).handles.push_back(raw(handle));
}

FakeLoop::TimerKey key_of(uv_timer_t* timer) { return {timer->timeout, timer->start_id, timer}; }

bool has_active(const FakeLoop& loop) {
  for (const uv_handle_t* each : loop.handles) {
    if ((each->flags & (kActive | kReferenced)) == (kActive | kReferenced)) return true;
  }
  return false;
}

void run_timers(uv_loop_t* loop) {
  FakeLoop& own = fake(loop);
  while (!own.timers.empty() && std::get<0>(*own.timers.begin()) <= own.now_ms) {
    uv_timer_t* const timer = std::get<2>(*own.timers.begin());
    uv_timer_stop(timer);
    if (timer->repeat != 0) uv_timer_start(timer, timer->timer_cb, timer->repeat, timer->repeat);
    timer->timer_cb(timer);
  }
}

void run_asyncs(uv_loop_t* loop) {
  FakeLoop& own = fake(loop);
  if (!std::exchange(own.signal.pending, false)) return;
  const std::vector<uv_async_t*> asyncs = own.asyncs;
  for (uv_async_t* each : asyncs) {
    if (std::exchange(each->pending, 0) != 0) each->async_cb(each);
  }
}

void run_closing(uv_loop_t* loop) {
  for (uv_handle_t* handle : std::exchange(fake(loop).closing, {})) {
    std::erase(fake(loop).handles, handle);
    if (handle->close_cb != nullptr) handle->close_cb(handle);
  }
}

}  // namespace

namespace ingress::sim {

EpollSet* epoll_set_of(uv::Loop& loop) { return fake(loop.raw()).signal.set; }

}  // namespace ingress::sim

extern "C" {

int uv_loop_init(uv_loop_t* loop) {
  auto* const own = new FakeLoop;
  loop->internal_fields = own;
  own->now_ms = virtual_ms();
  own->fd = Kernel::current->uv_signal_fd(own->signal);
  return 0;
}

int uv_loop_close(uv_loop_t* loop) {
  FakeLoop* const own = &fake(loop);
  if (!own->handles.empty()) return UV_EBUSY;
  Kernel::current->close(own->fd);
  delete own;
  loop->internal_fields = nullptr;
  return 0;
}

int uv_backend_fd(const uv_loop_t* loop) { return fake(loop).fd; }
uint64_t uv_now(const uv_loop_t* loop) { return fake(loop).now_ms; }
void uv_update_time(uv_loop_t* loop) { fake(loop).now_ms = virtual_ms(); }
int uv_loop_alive(const uv_loop_t* loop) { return has_active(fake(loop)) || !fake(loop).closing.empty(); }

int uv_backend_timeout(const uv_loop_t* loop) {
  const FakeLoop& own = fake(loop);
  if (!has_active(own) || !own.closing.empty()) return 0;
  if (own.timers.empty()) return -1;
  const uint64_t due = std::get<0>(*own.timers.begin());
  return due <= own.now_ms ? 0 : static_cast<int>(due - own.now_ms);
}

int uv_run(uv_loop_t* loop, uv_run_mode mode) {
  do {
    uv_update_time(loop);
    run_timers(loop);
    run_asyncs(loop);
    run_closing(loop);
  } while (mode == UV_RUN_DEFAULT && uv_loop_alive(loop) != 0);
  return uv_loop_alive(loop);
}

void uv_walk(uv_loop_t* loop, uv_walk_cb call, void* argument) {
  const std::vector<uv_handle_t*> handles = fake(loop).handles;
  for (uv_handle_t* each : handles) call(each, argument);
}

void uv_close(uv_handle_t* handle, uv_close_cb on_closed) {
  FakeLoop& own = fake(handle->loop);
  if (handle->type == UV_TIMER) uv_timer_stop(reinterpret_cast<uv_timer_t*>(handle));
  if (handle->type == UV_ASYNC) std::erase(own.asyncs, reinterpret_cast<uv_async_t*>(handle));
  handle->flags = (handle->flags & ~kActive) | kClosing;
  handle->close_cb = on_closed;
  own.closing.push_back(handle);
}

void uv_ref(uv_handle_t* handle) { handle->flags |= kReferenced; }
void uv_unref(uv_handle_t* handle) { handle->flags &= ~kReferenced; }
int uv_is_active(const uv_handle_t* handle) { return (handle->flags & kActive) != 0; }
int uv_is_closing(const uv_handle_t* handle) { return (handle->flags & kClosing) != 0; }

int uv_timer_init(uv_loop_t* loop, uv_timer_t* timer) {
  timer->repeat = 0;
  init(loop, timer, UV_TIMER, kReferenced);
  return 0;
}

int uv_timer_start(uv_timer_t* timer, uv_timer_cb call, uint64_t after, uint64_t repeat) {
  if ((timer->flags & kClosing) != 0 || call == nullptr) return UV_EINVAL;
  uv_timer_stop(timer);
  FakeLoop& own = fake(timer->loop);
  timer->timer_cb = call;
  timer->timeout = own.now_ms + after;
  timer->repeat = repeat;
  timer->start_id = own.next_start++;
  timer->flags |= kActive;
  own.timers.insert(key_of(timer));
  return 0;
}

int uv_timer_stop(uv_timer_t* timer) {
  if ((timer->flags & kActive) == 0) return 0;
  fake(timer->loop).timers.erase(key_of(timer));
  timer->flags &= ~kActive;
  return 0;
}

int uv_async_init(uv_loop_t* loop, uv_async_t* async, uv_async_cb call) {
  async->async_cb = call;
  async->pending = 0;
  init(loop, async, UV_ASYNC, kActive | kReferenced);
  fake(loop).asyncs.push_back(async);
  return 0;
}

int uv_async_send(uv_async_t* async) {
  UvSignal& signal = fake(async->loop).signal;
  async->pending = 1;
  if (!std::exchange(signal.pending, true) && signal.registration != nullptr) signal.registration->on_socket_change();
  return 0;
}

int uv_fs_event_init(uv_loop_t* loop, uv_fs_event_t* watch) {
  init(loop, watch, UV_FS_EVENT, kReferenced);
  return 0;
}

int uv_fs_event_start(uv_fs_event_t* watch, uv_fs_event_cb, const char*, unsigned) {
  watch->flags |= kActive;
  return 0;
}

}  // extern "C"
