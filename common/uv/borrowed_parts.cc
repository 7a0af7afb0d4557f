#include "common/uv/borrowed_parts.h"

#include <algorithm>

#include "common/uv/socket.h"

namespace ingress::uv {
namespace {

// The borrower may have something to write before them.
constexpr size_t kMostAtOnce = Socket::kMostParts - 1;

}  // namespace

void BorrowedParts::add(Borrower& borrower, Bytes bytes) {
  parts_.push_back({&borrower, bytes});
  ++open_;
}

void BorrowedParts::write(Borrower& borrower) {
  if (open_ == 0) return;
  gathered_.clear();
  for (Part& part : parts_) {
    if (part.borrower != &borrower) continue;
    part.borrower = nullptr;
    gathered_.push_back(part.bytes);
  }
  open_ -= gathered_.size();
  for (std::span<const Bytes> rest = gathered_; !rest.empty();) {
    const auto now = rest.first(std::min(rest.size(), kMostAtOnce));
    borrower.write_parts(now);
    rest = rest.subspan(now.size());
  }
  clear_if_done();
}

void BorrowedParts::write_all() {
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].borrower != nullptr) write(*parts_[i].borrower);
  }
}

void BorrowedParts::forget(Borrower& borrower) {
  if (open_ == 0) return;
  for (Part& part : parts_) {
    if (part.borrower != &borrower) continue;
    part.borrower = nullptr;
    --open_;
  }
  clear_if_done();
}

void BorrowedParts::clear_if_done() {
  if (open_ == 0) parts_.clear();
}

}  // namespace ingress::uv
