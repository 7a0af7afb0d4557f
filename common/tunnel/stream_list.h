// A queue of streams, linked through them. A stream is in one list at a time; Stream::listed_ says in which.
#pragma once

#include <cstdint>

#include "common/tunnel/session.h"

namespace ingress::tunnel {

class StreamList {
 public:
  explicit StreamList(Stream::Listed mark) : mark_(mark) {}

  bool empty() const { return first_ == nullptr; }
  uint32_t size() const { return size_; }
  Stream* first() const { return first_; }

  void push_back(Stream& stream) {
    stream.listed_ = mark_;
    stream.previous_ = last_;
    stream.next_ = nullptr;
    (last_ == nullptr ? first_ : last_->next_) = &stream;
    last_ = &stream;
    ++size_;
  }
  Stream& pop_front() {
    Stream& stream = *first_;
    remove(stream);
    return stream;
  }
  void remove(Stream& stream) {
    (stream.previous_ == nullptr ? first_ : stream.previous_->next_) = stream.next_;
    (stream.next_ == nullptr ? last_ : stream.next_->previous_) = stream.previous_;
    stream.previous_ = stream.next_ = nullptr;
    stream.listed_ = Stream::Listed::kNot;
    --size_;
  }

 private:
  Stream* first_ = nullptr;
  Stream* last_ = nullptr;
  uint32_t size_ = 0;
  Stream::Listed mark_;
};

}  // namespace ingress::tunnel
