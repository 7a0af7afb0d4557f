#include "broker/routing/host_grammar.h"

#include "broker/model/ids.h"
#include "broker/routing/host_name.h"

namespace ingress::broker {
namespace {

// Whether the host is the domain or a name under it; `below` gets the labels before it.
bool under(std::string_view host, std::string_view domain, std::string_view& below) {
  if (!host.ends_with(domain)) return false;
  below = host.substr(0, host.size() - domain.size());
  if (below.empty()) return true;
  if (below.back() != '.') return false;
  below.remove_suffix(1);
  return true;
}

// Splits a label at its first `__` or `--`. No id, slug or service name holds one, so the first is the only one.
void split(std::string_view label, GrammarName& out) {
  for (size_t i = 0; i + 1 < label.size(); ++i) {
    if ((label[i] != '_' && label[i] != '-') || label[i + 1] != label[i]) continue;
    out.prefixed = true;
    out.prefix = label.substr(0, i);
    out.name = label.substr(i + 2);
    return;
  }
  out.name = label;
}

void read_below(std::string_view below, GrammarName& out) {
  const std::string_view last = last_label(below);
  const std::string_view rest = before_last_label(below);
  if (last == "machines") {
    out.name = last;
    out.form = rest.empty()                               ? HostForm::kReserved
               : rest.find('.') == std::string_view::npos ? HostForm::kMachine
                                                          : HostForm::kDeeper;
    if (out.form == HostForm::kMachine) split(rest, out);
    return;
  }
  if (reserved_word(last)) {
    out.form = HostForm::kReserved;
    out.name = last;
    return;
  }
  if (rest.empty()) {
    out.form = HostForm::kProject;
    split(last, out);
    return;
  }
  if (rest.find('.') != std::string_view::npos) {
    out.form = HostForm::kDeeper;
    return;
  }
  out.form = HostForm::kService;
  out.service = rest;
  out.name = last;
}

}  // namespace

std::string with_underscores(std::string_view host) {
  GrammarName name;
  const std::string_view label = first_label(host);
  split(label, name);
  if (!name.prefixed || label[name.prefix.size()] != '-') return {};
  std::string written(host);
  written.replace(name.prefix.size(), 2, "__");
  return written;
}

std::string machine_host(const GrammarName& name, std::string_view id) {
  std::string host;
  if (name.prefixed) host.append(name.prefix).append("__");
  return host.append(id).append(".machines.").append(name.domain);
}

GrammarName read_grammar(std::string_view host, std::span<const std::string> domains) {
  GrammarName out;
  std::string_view below;
  for (const std::string& domain : domains) {
    if (!under(host, domain, below)) continue;
    out.domain = domain;
    if (below.empty()) {
      out.form = HostForm::kReserved;
      out.name = domain;
    } else {
      read_below(below, out);
    }
    break;
  }
  return out;
}

}  // namespace ingress::broker
