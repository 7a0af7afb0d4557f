// Owns one libuv handle. Private to common/uv.
//
// libuv may touch a handle's memory until its close callback has run, so the memory lies on the heap: the destructor
// starts the close, the close callback frees. `State` lives as long as the memory does, so that a callback kept there
// may destroy the owner of the handle while it runs.
#pragma once

#include <uv.h>

#include <utility>
#include <variant>

namespace ingress::uv {

template <class Handle, class State = std::monostate>
class UvHandle {
 public:
  UvHandle() : box_(new Box{}) {}
  explicit UvHandle(State state) : box_(new Box{{}, std::move(state)}) {}
  UvHandle(UvHandle&& other) noexcept : box_(std::exchange(other.box_, nullptr)) {}
  UvHandle& operator=(UvHandle&& other) noexcept {
    std::swap(box_, other.box_);
    return *this;
  }
  ~UvHandle() { close(); }

  Handle* get() const { return &box_->handle; }
  State& state() const { return box_->state; }
  uv_handle_t* raw() const { return reinterpret_cast<uv_handle_t*>(&box_->handle); }

  // The state of the handle that a libuv callback was given.
  static State& state_of(Handle* handle) { return reinterpret_cast<Box*>(handle)->state; }

 private:
  struct Box {
    Handle handle;  // first: libuv's pointer is the box's address
    State state;
  };

  void close() {
    if (box_ == nullptr) return;
    // A handle that was never initialised (its type is still zero) is unknown to the loop.
    if (raw()->type == UV_UNKNOWN_HANDLE) {
      delete box_;
    } else {
      uv_close(raw(), [](uv_handle_t* handle) { delete reinterpret_cast<Box*>(handle); });
    }
    box_ = nullptr;
  }

  Box* box_;
};

}  // namespace ingress::uv
