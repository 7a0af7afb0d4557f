#include "common/uv/signal_watch.h"

#include <cassert>
#include <utility>

#include "common/uv/loop.h"
#include "common/uv/uv_handle.h"

namespace ingress::uv {

struct SignalWatch::Impl {
  using Handle = UvHandle<uv_signal_t, std::function<void()>>;

  explicit Impl(std::function<void()> on_signal) : handle(std::move(on_signal)) {}

  Handle handle;
};

SignalWatch::SignalWatch(Loop& loop, int signal_number, std::function<void()> on_signal)
    : impl_(std::make_unique<Impl>(std::move(on_signal))) {
  uv_signal_init(loop.raw(), impl_->handle.get());
  uv_unref(impl_->handle.raw());
  const auto arrived = [](uv_signal_t* handle, int) { Impl::Handle::state_of(handle)(); };
  [[maybe_unused]] const int status = uv_signal_start(impl_->handle.get(), arrived, signal_number);
  assert(status == 0 && "a signal that can be caught");
}

SignalWatch::~SignalWatch() = default;

}  // namespace ingress::uv
