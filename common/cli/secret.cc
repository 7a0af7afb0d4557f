#include "common/cli/secret.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

namespace ingress::cli {

Parsed<std::string> read_secret_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return tl::unexpected<std::string>("cannot read " + path + ": " + std::generic_category().message(errno));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (file.bad()) return tl::unexpected<std::string>("cannot read " + path);
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return tl::unexpected<std::string>(path + " is empty");
  return text;
}

Parsed<std::string> Secret::read() const {
  if (!file.empty()) return read_secret_file(file);
  if (value.empty()) return tl::unexpected<std::string>("no secret was given");
  return value;
}

}  // namespace ingress::cli
