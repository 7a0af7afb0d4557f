// The form of the names that machines, projects and services have in hosts (design, section 2), in one place for all
// programs. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ingress {

inline constexpr size_t kMaxIdBytes = 56;  // a label has 63, and a port with its separator must fit before an id

bool all_digits(std::string_view text);  // false for ""

// machines, prj, org, broker, admin, www: never a machine, a project or a service.
bool reserved_word(std::string_view word);

// The form of a slug or service name; a reserved word has it too.
bool slug_form(std::string_view text);
// The form of a machine id. `_` and `-` count as one byte, so that no alias (`-` for `_`) holds a separator.
bool machine_id_form(std::string_view text);

// A name of hosts, in any case, with or without a dot at its end: labels of 1 to 63 bytes of [A-Za-z0-9_-], 253 in all.
bool host_form(std::string_view text);

// Whether clients read a host as an IPv4 address ("ends in a number", WHATWG URL): its last label is digits alone, or
// 0x with hexadecimal digits or none, whatever stands before it. One dot at its end is passed over.
bool address_form(std::string_view host);

// Whether each machine has the name for itself: localhost and what is under it (RFC 6761, 6.3), localhost.localdomain
// and its like. Lower case, without a dot at its end.
bool loopback_form(std::string_view host);

// A sentence for people that says why `text` can't be a `what` ("project slug") or a machine id; "" where it can.
std::string slug_problem(std::string_view what, std::string_view text);
std::string machine_id_problem(std::string_view text);

}  // namespace ingress
