#include "tests/sim/message_reader.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace ingress::sim {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [lower](char x, char y) { return lower(x) == lower(y); });
}

bool parse_number(std::string_view text, int base, size_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

int MessageHead::status() const {
  size_t number = 0;
  if (!start.starts_with("HTTP/1.1 ") || start.size() < 12 || !parse_number(start.substr(9, 3), 10, number)) return 0;
  return static_cast<int>(number);
}

std::string_view MessageHead::value(std::string_view name) const {
  for (const auto& [each, value] : fields) {
    if (same_name(each, name)) return value;
  }
  return {};
}

bool MessageReader::read(std::string_view bytes) {
  rest_ += bytes;
  bool more = true;
  while (more) {
    if (!step(more)) return false;
  }
  rest_.erase(0, used_);
  used_ = 0;
  return true;
}

bool MessageReader::end() {
  if (state_ == State::kUntilEnd) {
    finish();
    return true;
  }
  return idle() || state_ == State::kOpaque;
}

bool MessageReader::take_line(std::string& line) {
  const size_t end = rest_.find("\r\n", used_);
  if (end == std::string::npos) return false;
  line = rest_.substr(used_, end - used_);
  used_ = end + 2;
  return true;
}

void MessageReader::take_body(size_t most) {
  const size_t size = std::min(most, rest_.size() - used_);
  const std::string piece = rest_.substr(used_, size);
  used_ += size;
  if (size > 0) events_.on_body(piece);
}

void MessageReader::finish() {
  state_ = State::kHead;
  events_.on_message_end();
}

// `more`: another step may get further.
bool MessageReader::step(bool& more) {
  std::string line;
  switch (state_) {
    case State::kHead:
      return read_head(more);
    case State::kLength:
    case State::kChunk: {
      const size_t size = std::min(left_, rest_.size() - used_);
      left_ -= size;
      take_body(size);
      more = left_ == 0;
      if (!more) return true;
      if (state_ == State::kChunk) {
        state_ = State::kChunkEnd;
      } else {
        finish();
      }
      return true;
    }
    case State::kChunkEnd:
      more = take_line(line);
      if (more) state_ = State::kChunkSize;
      return line.empty();
    case State::kChunkSize:
      more = take_line(line);
      return !more || read_chunk_size(line);
    case State::kTrailers:
      more = take_line(line);
      if (!more) return true;
      if (!line.empty()) return read_field(line, trailers_);
      finish();
      return true;
    case State::kUntilEnd:
    case State::kOpaque:
      take_body(rest_.size() - used_);
      more = false;
      return true;
  }
  return false;
}

bool MessageReader::read_chunk_size(const std::string& line) {
  if (!parse_number(line, 16, left_)) return false;
  trailers_.clear();
  state_ = left_ == 0 ? State::kTrailers : State::kChunk;
  return true;
}

bool MessageReader::read_field(const std::string& line, std::vector<std::pair<std::string, std::string>>& to) {
  const size_t colon = line.find(": ");
  if (colon == std::string::npos || colon == 0) return false;
  to.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  return true;
}

bool MessageReader::read_head(bool& more) {
  more = rest_.find("\r\n\r\n", used_) != std::string::npos;
  if (!more) return rest_.size() - used_ < 65536;
  MessageHead head;
  std::string line;
  if (!take_line(head.start) || head.start.empty()) return false;
  while (take_line(line) && !line.empty()) {
    if (!read_field(line, head.fields)) return false;
  }
  if (answers_ && head.status() == 0) return false;
  return begin_body(head);
}

bool MessageReader::begin_body(const MessageHead& head) {
  const int status = head.status();
  const bool none = events_.on_head(head);
  if (state_ == State::kOpaque) return true;
  const std::string_view length = head.value("Content-Length");
  if (answers_ && status < 200) return true;  // the next head
  if (none) {
    finish();
  } else if (head.value("Transfer-Encoding") == "chunked") {
    state_ = State::kChunkSize;
    return length.empty();
  } else if (!length.empty()) {
    state_ = State::kLength;
    return parse_number(length, 10, left_);
  } else if (answers_) {
    state_ = State::kUntilEnd;
  } else {
    finish();
  }
  return true;
}

}  // namespace ingress::sim
