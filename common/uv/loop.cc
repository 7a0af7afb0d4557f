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

  // The last step before the loop waits: tasks, flushes, burials.
  void end_iteration();
  void run_tasks();
  void flush_dirty();
  void unlink(Flushable& flushable);
  void empty_graveyard();
  void watch_deadlines();
  // There is work for end_iteration: the loop may neither wait nor end before it is done.
  void wake() {
    uv_idle_start(busy->get(), [](uv_idle_t*) {});
  }
  void take_posted();

  uv_loop_t loop{};
  // Closed by the destructor before the loop is.
  std::optional<UvHandle<uv_prepare_t>> before_wait{std::in_place};
  std::optional<UvHandle<uv_idle_t>> busy{std::in_place};
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
  SharedBuffer read_buffer;
  SharedBuffer plain_buffer;
  BorrowedParts borrowed;

  std::mutex posted_mutex;
  std::vector<std::function<void()>> posted;
};

Loop::Impl::Impl() {
  // A write to a closed connection is an error of that write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  [[maybe_unused]] const int status = uv_loop_init(&loop);
  assert(status == 0);
  loop.data = this;
  uv_prepare_init(&loop, before_wait->get());
  uv_prepare_start(before_wait->get(),
                   [](uv_prepare_t* handle) { static_cast<Impl*>(handle->loop->data)->end_iteration(); });
  uv_unref(before_wait->raw());
  uv_idle_init(&loop, busy->get());
  uv_async_init(&loop, posted_signal->get(),
                [](uv_async_t* handle) { static_cast<Impl*>(handle->loop->data)->take_posted(); });
  uv_unref(posted_signal->raw());
  uv_timer_init(&loop, tick->get());
}

Loop::Impl::~Impl() {
  tasks.clear();
  posted.clear();
  empty_graveyard();
  before_wait.reset();
  busy.reset();
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

void Loop::Impl::end_iteration() {
  ++iteration;
  run_tasks();
  do {
    flush_dirty();
    empty_graveyard();
  } while (first_dirty != nullptr);
  if (tasks.empty()) uv_idle_stop(busy->get());
  watch_deadlines();
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
  // Deadlines that were armed before the loop ran keep it running, too.
  impl_->watch_deadlines();
  uv_run(&impl_->loop, UV_RUN_DEFAULT);
  // stop() ends the loop before the step that flushes what the last callbacks wrote.
  impl_->end_iteration();
}

void Loop::stop() { uv_stop(&impl_->loop); }

Time Loop::now() const { return Time(Duration(uv_now(&impl_->loop))); }

DeadlineWheel& Loop::deadlines() { return impl_->deadlines; }

void Loop::flush_later(Flushable& flushable) {
  if (flushable.dirty_link().linked) return;
  flushable.dirty_link() = {impl_->last_dirty, nullptr, true};
  (impl_->last_dirty != nullptr ? impl_->last_dirty->dirty_link().next : impl_->first_dirty) = &flushable;
  impl_->last_dirty = &flushable;
  impl_->wake();
}

void Loop::forget_flush(Flushable& flushable) {
  if (flushable.dirty_link().linked) impl_->unlink(flushable);
}

void Loop::bury(std::unique_ptr<Buryable> what) {
  if (what == nullptr) return;
  impl_->graveyard.push_back(std::move(what));
  impl_->wake();
}

void Loop::defer(std::function<void()> task) {
  impl_->tasks.push_back(std::move(task));
  impl_->wake();
}

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
std::chrono::steady_clock::time_point Loop::wait_began() const { return impl_->wait_began; }
uv_loop_s* Loop::raw() { return &impl_->loop; }

}  // namespace ingress::uv
