#include "common/uv/loop.h"

#include <uv.h>

#include <cassert>
#include <csignal>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "common/uv/borrowed_parts.h"
#include "common/uv/poller.h"
#include "common/uv/uv_handle.h"

namespace ingress::uv {
namespace {

// A read buffer with its headroom; its pages are touched (and so resident) only as far as reads reach.
class SharedBuffer {
 public:
  MutableBytes view() {
    if (memory_ == nullptr) memory_.reset(new uint8_t[kHeadroomBytes + Loop::kReadBufferBytes]);
    return {memory_.get() + kHeadroomBytes, Loop::kReadBufferBytes};
  }
  bool holds(Bytes bytes) const {
    const std::less_equal<const uint8_t*> not_after;
    const uint8_t* const begin = memory_.get();
    return begin != nullptr && not_after(begin, bytes.data()) &&
           not_after(bytes.data() + bytes.size(), begin + kHeadroomBytes + Loop::kReadBufferBytes);
  }

 private:
  std::unique_ptr<uint8_t[]> memory_;
};

}  // namespace

struct Loop::Impl {
  Impl();
  ~Impl();

  bool alive();
  // Waits for the kernel and calls back.
  void turn();
  // libuv's timers, signals, watches and worker threads, where any of them has something to tell.
  void run_uv(bool told);
  // The last step before the loop waits: tasks, flushes, burials.
  void end_iteration();
  void run_tasks();
  void flush_dirty();
  void unlink(Flushable& flushable);
  void empty_graveyard();
  void watch_deadlines();
  // There is work for end_iteration: the loop may neither wait nor end before it is done.
  bool busy() const { return !tasks.empty() || first_dirty != nullptr || !graveyard.empty() || poller.has_again(); }
  void take_posted();

  uv_loop_t loop{};
  Poller poller;
  // Closed by the destructor before the loop is.
  std::optional<UvHandle<uv_async_t>> posted_signal{std::in_place};
  std::optional<UvHandle<uv_timer_t>> tick{std::in_place};

  DeadlineWheel deadlines;
  Flushable* first_dirty = nullptr;
  Flushable* last_dirty = nullptr;
  std::vector<std::unique_ptr<Buryable>> graveyard;
  std::vector<std::function<void()>> tasks;
  std::vector<std::function<void()>> running_tasks;  // keeps its memory from one iteration to the next
  uint32_t iteration = 0;
  std::chrono::steady_clock::time_point wait_began;
  std::chrono::steady_clock::duration last_wait{};
  bool stopped = false;
  bool uv_touched = true;     // a handle may have been started: libuv has to look at it
  bool sockets_keep = false;  // posted_signal is referenced, because sockets are active
  SharedBuffer read_buffer;
  SharedBuffer plain_buffer;
  BorrowedParts borrowed;

  std::mutex posted_mutex;
  std::vector<std::function<void()>> posted;
};

Loop::Impl::Impl() {
  // A write to a closed connection is an error of that write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  [[maybe_unused]] int status = uv_loop_init(&loop);
  assert(status == 0);
  loop.data = this;
  status = poller.watch(uv_backend_fd(&loop));
  assert(status == 0);
  uv_async_init(&loop, posted_signal->get(),
                [](uv_async_t* handle) { static_cast<Impl*>(handle->loop->data)->take_posted(); });
  uv_unref(posted_signal->raw());
  uv_timer_init(&loop, tick->get());
}

Loop::Impl::~Impl() {
  tasks.clear();
  posted.clear();
  empty_graveyard();
  posted_signal.reset();
  tick.reset();
  uv_walk(
      &loop,
      [](uv_handle_t* handle, void*) {
        assert(uv_is_closing(handle));
        (void)handle;
      },
      nullptr);
  uv_run(&loop, UV_RUN_DEFAULT);
  [[maybe_unused]] const int status = uv_loop_close(&loop);
  assert(status == 0);
}

bool Loop::Impl::alive() {
  if (poller.active() != sockets_keep) {
    sockets_keep = poller.active();
    sockets_keep ? uv_ref(posted_signal->raw()) : uv_unref(posted_signal->raw());
  }
  return uv_loop_alive(&loop) != 0 || busy();
}

void Loop::Impl::turn() {
  const bool told = poller.wait(busy() || uv_touched ? 0 : uv_backend_timeout(&loop));
  last_wait = std::chrono::steady_clock::now() - wait_began;
  uv_update_time(&loop);
  poller.dispatch();
  run_uv(told);
}

void Loop::Impl::run_uv(bool told) {
  if (!told && !uv_touched && (uv_loop_alive(&loop) == 0 || uv_backend_timeout(&loop) != 0)) return;
  uv_touched = false;
  uv_run(&loop, UV_RUN_NOWAIT);
}

void Loop::Impl::end_iteration() {
  run_tasks();
  do {
    flush_dirty();
    empty_graveyard();
  } while (first_dirty != nullptr);
  watch_deadlines();
  ++iteration;
  wait_began = std::chrono::steady_clock::now();
}

void Loop::Impl::run_tasks() {
  // Tasks that tasks defer wait for the next turn, so that a task that defers itself lets the loop poll in between.
  running_tasks.swap(tasks);
  for (const std::function<void()>& task : running_tasks) task();
  running_tasks.clear();
}

void Loop::Impl::flush_dirty() {
  while (first_dirty != nullptr) {
    Flushable& flushable = *first_dirty;
    unlink(flushable);
    flushable.flush();
  }
}

void Loop::Impl::unlink(Flushable& flushable) {
  const Flushable::DirtyLink link = std::exchange(flushable.dirty_link(), {});
  (link.previous != nullptr ? link.previous->dirty_link().next : first_dirty) = link.next;
  (link.next != nullptr ? link.next->dirty_link().previous : last_dirty) = link.previous;
}

void Loop::Impl::empty_graveyard() {
  while (!graveyard.empty()) {
    std::vector<std::unique_ptr<Buryable>> dead;
    dead.swap(graveyard);
  }
}

void Loop::Impl::watch_deadlines() {
  const bool ticking = uv_is_active(tick->raw()) != 0;
  if (deadlines.armed() > 0) {
    if (ticking) return;
    constexpr auto kTickMs = static_cast<uint64_t>(DeadlineWheel::kTick.count());
    const auto on_tick = [](uv_timer_t* handle) {
      static_cast<Impl*>(handle->loop->data)->deadlines.advance(Time(Duration(uv_now(handle->loop))));
    };
    uv_timer_start(tick->get(), on_tick, kTickMs, kTickMs);
  } else if (ticking) {
    uv_timer_stop(tick->get());
  }
}

void Loop::Impl::take_posted() {
  std::vector<std::function<void()>> taken;
  {
    const std::lock_guard lock(posted_mutex);
    taken.swap(posted);
  }
  for (const std::function<void()>& task : taken) task();
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() {
  impl_->stopped = false;
  // What was written and armed before the loop ran counts, too.
  impl_->end_iteration();
  while (!impl_->stopped && impl_->alive()) {
    impl_->turn();
    impl_->end_iteration();
  }
}

void Loop::run_until_stopped() {
  impl_->poller.count_active(1);
  run();
  impl_->poller.count_active(-1);
}

void Loop::stop() { impl_->stopped = true; }

Time Loop::now() const { return Time(Duration(uv_now(&impl_->loop))); }

DeadlineWheel& Loop::deadlines() { return impl_->deadlines; }

void Loop::flush_later(Flushable& flushable) {
  if (flushable.dirty_link().linked) return;
  flushable.dirty_link() = {impl_->last_dirty, nullptr, true};
  (impl_->last_dirty != nullptr ? impl_->last_dirty->dirty_link().next : impl_->first_dirty) = &flushable;
  impl_->last_dirty = &flushable;
}

void Loop::forget_flush(Flushable& flushable) {
  if (flushable.dirty_link().linked) impl_->unlink(flushable);
}

void Loop::bury(std::unique_ptr<Buryable> what) {
  if (what == nullptr) return;
  impl_->graveyard.push_back(std::move(what));
}

void Loop::defer(std::function<void()> task) { impl_->tasks.push_back(std::move(task)); }

void Loop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(impl_->posted_mutex);
    impl_->posted.push_back(std::move(task));
  }
  uv_async_send(impl_->posted_signal->get());
}

MutableBytes Loop::read_buffer() { return impl_->read_buffer.view(); }
bool Loop::borrow(Borrower& borrower, Bytes bytes) {
  if (!impl_->read_buffer.holds(bytes) && !impl_->plain_buffer.holds(bytes)) return false;
  impl_->borrowed.add(borrower, bytes);
  return true;
}

void Loop::write_borrowed(Borrower& borrower) { impl_->borrowed.write(borrower); }
void Loop::forget_borrowed(Borrower& borrower) { impl_->borrowed.forget(borrower); }
void Loop::write_borrowed() { impl_->borrowed.write_all(); }

MutableBytes Loop::plain_buffer() { return impl_->plain_buffer.view(); }
uint32_t Loop::iteration() const { return impl_->iteration; }
std::chrono::steady_clock::duration Loop::last_wait() const { return impl_->last_wait; }
uv_loop_s* Loop::raw() {
  impl_->uv_touched = true;
  return &impl_->loop;
}
Poller& Loop::poller() { return impl_->poller; }

}  // namespace ingress::uv
