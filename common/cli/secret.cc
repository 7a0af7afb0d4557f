#include "common/cli/secret.h"

#include <string_view>

#include "common/base/read_file.h"
#include "common/base/trim.h"

namespace ingress::cli {
namespace {

constexpr size_t kMostSecretBytes = size_t{1024} * 1024;

// What is shown in a field loses its blanks on the way: with them nothing would match.
std::string_view trimmed(std::string_view text) { return trim_any_of(text, " \t\r\n"); }

}  // namespace

Parsed<std::string> read_secret_file(const std::string& path) {
  const Result<std::string> text = read_file(path, kMostSecretBytes);
  if (!text) return tl::unexpected<std::string>(cannot_read(path, text.error()));
  const std::string_view secret = trimmed(*text);
  if (secret.empty()) return tl::unexpected<std::string>(path + " is empty");
  return std::string(secret);
}

Parsed<std::string> Secret::read() const {
  if (!file.empty()) return read_secret_file(file);
  const std::string_view secret = trimmed(value);
  if (secret.empty()) return tl::unexpected<std::string>("no secret was given");
  return std::string(secret);
}

}  // namespace ingress::cli
