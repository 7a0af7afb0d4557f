#include <algorithm>
#include <cstring>

#include "common/http/forward_rules.h"

namespace ingress::http {
namespace {

constexpr size_t kBlockBytes = 4096;

}  // namespace

char* Scratch::reserve(size_t size) {
  while (current_ < blocks_.size() && used_ + size > blocks_[current_].size) {
    ++current_;
    used_ = 0;
  }
  if (current_ == blocks_.size()) {
    const size_t bytes = std::max(size, kBlockBytes);
    blocks_.push_back({std::unique_ptr<char[]>(new char[bytes]), bytes});
  }
  char* at = blocks_[current_].bytes.get() + used_;
  used_ += size;
  return at;
}

std::string_view Scratch::add(std::string_view text) { return add({text}); }

std::string_view Scratch::add(std::initializer_list<std::string_view> parts) {
  size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  char* begin = reserve(size);
  char* at = begin;
  for (const std::string_view part : parts) at = std::copy(part.begin(), part.end(), at);
  return {begin, size};
}

void Scratch::clear() {
  current_ = 0;
  used_ = 0;
}

}  // namespace ingress::http
