// The grammar of names under DOMAIN (design, section 2), read without looking anything up: which form a host has, and
// its parts as they stand there. Pure; views point into the host.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ingress::broker {

enum class HostForm : uint8_t {
  kForeign,   // not under a DOMAIN
  kReserved,  // DOMAIN itself, a reserved word under it, or a name below one
  kDeeper,    // more labels than any form has
  kMachine,   // NAME.machines.DOMAIN, PREFIX__NAME.machines.DOMAIN
  kProject,   // NAME.DOMAIN, PREFIX__NAME.DOMAIN
  kService,   // SERVICE.NAME.DOMAIN
};

struct GrammarName {
  HostForm form = HostForm::kForeign;
  std::string_view domain;  // the DOMAIN it is under
  // Machine id (or its alias), project slug, or the word that is kept; of kDeeper "machines", where it is below that.
  std::string_view name;
  bool prefixed = false;     // a separator stands before the name
  std::string_view prefix;   // what stands before it, "" too: a port, or a service of the project
  std::string_view service;  // kService
};

// `host` is normalised; `domains` are lower case, longer ones first.
GrammarName read_grammar(std::string_view host, std::span<const std::string> domains);

// The host with its first label's separator written `__`; "" where it is not `--`.
std::string with_underscores(std::string_view host);
// A machine's host as `name` has it, with the machine's id in place of an alias.
std::string machine_host(const GrammarName& name, std::string_view id);

}  // namespace ingress::broker
