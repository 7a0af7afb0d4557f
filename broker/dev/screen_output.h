// Where the screen is written. It is never waited for, since the loop that draws it carries all traffic: a terminal may
// be held (Ctrl-S), and who reads a pipe may be stopped. Thread: the loop's.
#pragma once

#include <string>
#include <string_view>

#include "common/uv/owned_fd.h"

namespace ingress::broker::dev {

class ScreenOutput {
 public:
  // The descriptor stays the caller's.
  explicit ScreenOutput(int fd);

  // Writes on what was begun; false while some of it is left.
  bool finish();
  // Begins with this text, once all before it is out; false where none of it could be written, and nothing is begun.
  bool begin(std::string text);

 private:
  int descriptor() const { return own_.valid() ? own_.get() : given_; }
  bool takes_more() const;
  size_t put(std::string_view text) const;

  int given_;
  uv::OwnedFd own_;
  std::string rest_;
};

}  // namespace ingress::broker::dev
