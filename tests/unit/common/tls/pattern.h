// Text whose bytes tell their places, so that what is lost, doubled or moved shows.
#pragma once

#include <string>

namespace ingress::test {

inline std::string pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 251);
  return text;
}

}  // namespace ingress::test
