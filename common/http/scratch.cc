#include <algorithm>

#include "common/base/words.h"
#include "common/http/forward_rules.h"

namespace ingress::http {
namespace {

constexpr size_t kBlockBytes = 4096;

}  // namespace

std::string_view Scratch::add(std::string_view text) { return add({text}); }

std::string_view Scratch::add(std::initializer_list<std::string_view> parts) {
  size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  char* const begin = reserve(size);
  char* at = begin;
  for (const std::string_view part : parts) {
    copy_short(at, part.data(), part.size());
    at += part.size();
  }
  return {begin, size};
}

void Scratch::clear() { current_ = used_ = 0; }

void Scratch::make_room(size_t size) {
  while (current_ < blocks_.size() && blocks_[current_].size - used_ < size) {
    ++current_;
    used_ = 0;
  }
  if (current_ == blocks_.size()) {
    const size_t block = std::max(size, kBlockBytes);
    blocks_.push_back({std::unique_ptr<char[]>(new char[block]), block});
  }
}

}  // namespace ingress::http
