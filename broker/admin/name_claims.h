// Which names a project's token may take for itself: none of the broker's, and none that another project's names, or
// wildcards, hold already. An operator may give any, but for domains of the grammar's names. Thread: the store's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/store/tables.h"

namespace ingress::broker::admin {

// Whether the shape of a host (`*` for each wildcard) is none of the broker's own names, nor above or below them but
// for the project's (`project` may be "": then none below). `domains`: the broker's.
bool may_name(std::string_view host, std::string_view project, const std::vector<std::string>& domains);

// Whether the grammar of names under DOMAIN gives the host to a machine, a project or a service, of whatever name, or
// it is machines.DOMAIN or below that.
bool is_grammar_host(std::string_view host, const std::vector<std::string>& domains);

// Whether each machine has the name for itself (localhost), and it is under no DOMAIN: it leads nowhere else.
bool is_loopback_host(std::string_view host, const std::vector<std::string>& domains);

// Whether a tenant can hold it: at least two literal labels at its end, "*.com" is everybody's.
bool is_narrow(std::string_view host);

// A custom domain is all below it, too.
enum class NameKind : uint8_t { kHost, kDomain };

// Whether some name that the host, on whatever path, stands for is another owner's: is its pattern or domain, is below
// its domain, or what its wildcard stands for. Costs a look-up for each byte of the host, and for a wildcard a look at
// the names of its tail; where there are very many of those, the project's own among them, it is answered by yes.
bool is_anothers(std::string_view host, NameKind kind, const std::string& project, Tables& tables);

}  // namespace ingress::broker::admin
