// Waiting for several parts that are told to end and each say when they have.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace ingress {

// A function, to be given to each of `count` parts, that calls `done` when it has been called `count` times (at least
// once). Thread: one.
inline std::function<void()> after_calls(size_t count, std::function<void()> done) {
  return [left = std::make_shared<size_t>(count), done = std::make_shared<std::function<void()>>(std::move(done))] {
    if (--*left == 0) (*done)();
  };
}

}  // namespace ingress
