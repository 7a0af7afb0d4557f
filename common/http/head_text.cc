#include "common/http/head_text.h"

namespace ingress::http {

size_t text_bytes(const Fields& fields) {
  size_t size = 0;
  for (const Field& field : fields) size += field.name.size() + field.value.size();
  return size;
}

void HeadText::make_room(size_t bytes) {
  text_.clear();
  text_.reserve(bytes);
}

std::string_view HeadText::keep(std::string_view part) {
  const size_t begin = text_.size();
  text_.append(part);
  return std::string_view(text_).substr(begin);
}

void HeadText::keep(const Fields& from, Fields& to) {
  to.clear();
  to.reserve(from.size());
  for (const Field& field : from) {
    const std::string_view name = keep(field.name);
    to.push_back({name, keep(field.value)});
  }
}

void HeadText::let_go(size_t most_bytes) {
  text_.clear();
  if (text_.capacity() > most_bytes) std::string().swap(text_);
}

}  // namespace ingress::http
