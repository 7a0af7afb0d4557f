// The rules of names and ports (design, section 2), in one place for the store, the route table and the command lines;
// the form of ids is common/base's.
// Pure functions. A `problem` gets a sentence for people where the answer is kInvalidArgument.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/base/names.h"

namespace ingress::broker {

// 1–65535 in decimal without sign or leading zero.
std::optional<int> parse_port(std::string_view text);
constexpr bool valid_port(int port) { return port >= 1 && port <= 65535; }

// The host alias of a machine id: `-` for `_`. Ids are unique after it.
std::string alias_of(std::string_view machine_id);

Status check_machine_id(std::string_view id, std::string& problem);
Status check_slug(std::string_view slug, std::string& problem);
Status check_service_name(std::string_view name, std::string& problem);
// Ids that we make and callers may choose (routes, tokens): 1–64 bytes of [A-Za-z0-9_.-], not "." or "..".
Status check_record_id(std::string_view id, std::string& problem);
// `what` names the port in the sentence: "default port".
Status check_port(int port, std::string_view what, std::string& problem);

// The id of a join token in its secret: "jt_…" of "jt_…_…"; "" where it has another form.
std::string_view join_token_id(std::string_view secret);

}  // namespace ingress::broker
