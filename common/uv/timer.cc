#include "common/uv/timer.h"

#include <utility>

#include "common/uv/loop.h"
#include "common/uv/uv_handle.h"

namespace ingress::uv {

struct Timer::Impl {
  using Handle = UvHandle<uv_timer_t, std::function<void()>>;

  explicit Impl(std::function<void()> on_fire) : handle(std::move(on_fire)) {}

  Handle handle;
};

Timer::Timer(Loop& loop, std::function<void()> on_fire) : impl_(std::make_unique<Impl>(std::move(on_fire))) {
  uv_timer_init(loop.raw(), impl_->handle.get());
}

Timer::~Timer() = default;

void Timer::start(Duration after, Duration repeat) {
  const auto fire = [](uv_timer_t* handle) { Impl::Handle::state_of(handle)(); };
  uv_timer_start(impl_->handle.get(), fire, static_cast<uint64_t>(after.count()),
                 static_cast<uint64_t>(repeat.count()));
}

void Timer::stop() { uv_timer_stop(impl_->handle.get()); }

void Timer::unref() { uv_unref(impl_->handle.raw()); }

}  // namespace ingress::uv
