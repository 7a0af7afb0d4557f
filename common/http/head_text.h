// The text of a head whose own bytes are about to go: what is kept here is seen by views until the next make_room.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/http/head.h"

namespace ingress::http {

// Bytes of names and values.
size_t text_bytes(const Fields& fields);

class HeadText {
 public:
  HeadText() = default;
  HeadText(const HeadText&) = delete;
  HeadText& operator=(const HeadText&) = delete;

  // Forgets what was kept. All that is kept afterwards fits into `bytes`, so that no view of it moves.
  void make_room(size_t bytes);
  std::string_view keep(std::string_view part);
  // Replaces `to` by `from`, kept.
  void keep(const Fields& from, Fields& to);

  size_t bytes() const { return text_.size(); }
  // Forgets what was kept, and gives memory of more than `most_bytes` back.
  void let_go(size_t most_bytes);

 private:
  std::string text_;
};

}  // namespace ingress::http
