#include "broker/routing/request_path.h"

#include <algorithm>

#include "common/base/hex.h"

namespace ingress::broker {
namespace {

// Appends the decoded byte of a "%XX" at the text's begin.
bool decode_byte(std::string_view text, std::string& decoded) {
  if (text.size() < 3) return false;
  const unsigned high = hex_digit(text[1]);
  const unsigned low = hex_digit(text[2]);
  if (high > 15 || low > 15) return false;
  decoded.push_back(static_cast<char>(high * 16 + low));
  return true;
}

bool is_dots(std::string_view segment) {
  const std::string_view name = segment.substr(0, segment.find(';'));
  return name == "." || name == "..";
}

bool is_clear(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte != 0x7f && c != '/' && c != '\\';
}

}  // namespace

bool decode_segment(std::string_view segment, std::string& decoded) {
  const size_t begin = decoded.size();
  for (size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      decoded.push_back(segment[i]);
      continue;
    }
    if (!decode_byte(segment.substr(i), decoded)) return false;
    i += 2;
  }
  const std::string_view read = std::string_view(decoded).substr(begin);
  return std::all_of(read.begin(), read.end(), is_clear) && !is_dots(read);
}

void RequestPath::set(std::string_view target) {
  target_ = target;
  read_ = false;
}

void RequestPath::read() const {
  read_ = true;
  decoded_.clear();
  parts_.clear();
  const std::string_view path = target_.substr(0, target_.find_first_of("?#"));
  ambiguous_ = false;
  size_t at = 0;
  while (at < path.size() && !ambiguous_) {
    if (path[at] == '/') {
      ++at;
      continue;
    }
    const size_t end = std::min(path.find('/', at), path.size());
    const size_t begin = decoded_.size();
    ambiguous_ = !decode_segment(path.substr(at, end - at), decoded_);
    parts_.push_back(
        {static_cast<uint32_t>(begin), static_cast<uint32_t>(decoded_.size() - begin), static_cast<uint32_t>(end)});
    at = end;
  }
}

bool RequestPath::ambiguous() const {
  if (!read_) read();
  return ambiguous_;
}

size_t RequestPath::size() const {
  if (!read_) read();
  return parts_.size();
}

std::string_view RequestPath::segment(size_t index) const {
  const Part& part = parts_[index];
  return std::string_view(decoded_).substr(part.begin, part.size);
}

size_t RequestPath::end_of(size_t segments) const { return segments == 0 ? 0 : parts_[segments - 1].end; }

}  // namespace ingress::broker
