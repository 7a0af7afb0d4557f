#include "common/uv/inherited_fds.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace ingress::uv {
namespace {

std::optional<int> number_of(std::string_view text) {
  int number = -1;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || at != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

const char* text_of(const char* variable) {
  return std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets variables
}

}  // namespace

std::optional<int> number_in_environment(const char* variable) {
  const char* const text = text_of(variable);
  return text == nullptr ? std::nullopt : number_of(text);
}

std::vector<OwnedFd> take_inherited_fds(const char* variable) {
  const char* const text = text_of(variable);
  std::vector<int> numbers;
  for (std::string_view rest = text == nullptr ? "" : text; !rest.empty();) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::optional<int> number = number_of(rest.substr(0, comma));
    if (!number || fcntl(*number, F_GETFD) < 0) return {};
    numbers.push_back(*number);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  std::vector<OwnedFd> taken;
  for (const int fd : numbers) {
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    taken.emplace_back(fd);
  }
  return taken;
}

}  // namespace ingress::uv
