// A file of variables for a program, as systemd's EnvironmentFile has them: NAME=VALUE a line, `#` comments, a value
// may stand in quotes. Pure.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace ingress::broker::acme {

// "NAME=VALUE" entries in their order, or a sentence that names the bad line (never its value).
tl::expected<std::vector<std::string>, std::string> parse_env(std::string_view text);
// The same of a file that is there now. "" has none.
tl::expected<std::vector<std::string>, std::string> read_env_file(const std::string& path);

}  // namespace ingress::broker::acme
