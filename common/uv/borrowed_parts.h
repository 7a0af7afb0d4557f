// Bytes of the loop's buffers that are to be written by their borrowers before the buffers are read into again. Private
// to common/uv.
#pragma once

#include <vector>

#include "common/uv/loop.h"

namespace ingress::uv {

class BorrowedParts {
 public:
  void add(Borrower& borrower, Bytes bytes);
  // One write_parts of all that a borrower has (at most Socket::kMostParts - 1 at once).
  void write(Borrower& borrower);
  void write_all();
  void forget(Borrower& borrower);

 private:
  struct Part {
    Borrower* borrower;  // null: written or forgotten
    Bytes bytes;
  };

  void clear_if_done();

  std::vector<Part> parts_;
  std::vector<Bytes> gathered_;  // keeps its memory
  size_t open_ = 0;              // parts that are not written
};

}  // namespace ingress::uv
