// A body that is made as it goes, for answers that have no end of their own (text/event-stream).
//
// Back-pressure: a sink takes everything that is written; who writes stops while it is congested() and goes on at
// on_room(). Thread: the loop's.
#pragma once

#include <string_view>

namespace ingress::broker::admin {

class BodySink {
 public:
  virtual void write(std::string_view text) = 0;
  virtual bool congested() const = 0;
  // The body is whole. The sink may be gone when this returns, and the source is let go of.
  virtual void end() = 0;

 protected:
  ~BodySink() = default;
};

// Let go of when its client has left or its body is whole.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // The head is out. The sink is there until its end(), or until the source is let go of.
  virtual void start(BodySink& sink) = 0;
  // It was congested, and no longer is.
  virtual void on_room() = 0;
};

}  // namespace ingress::broker::admin
