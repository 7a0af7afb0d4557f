#include "ctl/text_source.h"

#include <unistd.h>

#include <utility>

#include "common/base/read_file.h"
#include "common/cli/secret.h"

namespace ingress::ctl {
namespace {

constexpr const char* kSpace = " \t\r\n";

Outcome<std::string> standard_input() {
  Result<std::string> text = read_file(STDIN_FILENO);
  if (!text) return wrong_usage(cannot_read("standard input", text.error()));
  return std::move(*text);
}

Outcome<std::string> file_text(const std::string& path) {
  cli::Parsed<std::string> text = cli::read_secret_file(path);
  if (!text) return wrong_usage(text.error());
  return std::move(*text);
}

}  // namespace

Outcome<std::string> text_of(const std::string& said) {
  const bool is_file = said.starts_with('@');
  if (said != "-" && !is_file) return said;
  Outcome<std::string> text = is_file ? file_text(said.substr(1)) : standard_input();
  if (!text) return text;
  text->erase(text->find_last_not_of(kSpace) + 1);
  if (text->empty()) return wrong_usage((is_file ? said.substr(1) : "standard input") + " is empty");
  return text;
}

}  // namespace ingress::ctl
