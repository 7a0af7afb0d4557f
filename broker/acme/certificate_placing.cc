// What the desk does with pairs that are there: puts them in place, again too, and takes them away.
#include <filesystem>
#include <system_error>

#include "broker/acme/certificate_desk.h"
#include "broker/acme/order_program.h"
#include "common/base/log.h"

namespace ingress::broker::acme {

// A process that ended between two renames, or a disk that failed, leaves a pair that does not fit; what it was copied
// from is there still.
void CertificateDesk::mend_pairs() {
  for (const auto& [name, each] : wanted()) {
    const std::string path = crt_path(each);
    const Source source = source_of(path);
    const bool broken = source == Source::kAcme && served_at(path) == nullptr && !tls::read_pair(path);
    if (!broken && source != Source::kPlaceholder) continue;
    const int64_t now = parts_.unix_now();
    const auto pair = install_pair(issued_crt_path(settings_, each), parts_.tls_dir, each.file_name(), each.names, now);
    if (!pair) continue;
    installed_[name] = {pair->path, {pair->begins_at, pair->expires_at}, now};
    log_info("certificate_placed_again", {{"name", name}, {"path", pair->path}});
  }
}

void CertificateDesk::take(const Wanted& asked, const std::string& from) {
  const int64_t now = parts_.unix_now();
  const auto issued = issued_pair(from, asked.names, now);
  if (!issued) return fail(asked.name, Failure::kOrder, issued.error());
  if (is_installed(*issued, crt_path(asked))) {
    return fail(asked.name, Failure::kOrder, "the program gave the same certificate back");
  }
  const auto pair = install_pair(from, parts_.tls_dir, asked.file_name(), asked.names, now);
  if (!pair) return fail(asked.name, Failure::kUnplaced, pair.error());
  placed(asked.name, *pair);
}

bool CertificateDesk::take_waiting(const Wanted& asked) {
  const Standing* const standing = book_.find(asked.name);
  if (standing == nullptr || !standing->unplaced) return false;
  const std::string from = issued_crt_path(settings_, asked);
  if (!issued_pair(from, asked.names, parts_.unix_now())) return false;  // it has ended, or is gone
  take(asked, from);
  return true;
}

void CertificateDesk::placed(const std::string& name, const tls::Certificate& certificate) {
  ++counts_.issued;
  progress_.erase(name);
  asked_for_.erase(name);
  book_.settled(name);
  installed_[name] = {certificate.path, {certificate.begins_at, certificate.expires_at}, parts_.unix_now()};
  save();
  log_info("certificate_issued", {{"name", name},
                                  {"path", certificate.path},
                                  {"issuer", certificate.issuer},
                                  {"expires_at", certificate.expires_at}});
}

// A domain that was taken away, or given to another project, is served no more by what was got for the former one.
void CertificateDesk::withdraw(const Wanted& former) {
  installed_.erase(former.name);
  asked_for_.erase(former.name);
  book_.withdrawn(former.name);
  const std::string path = crt_path(former);
  if (source_of(path) != Source::kAcme) return;
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  std::filesystem::remove(std::filesystem::path(path).replace_extension(".key"), ignored);
  log_info("certificate_withdrawn", {{"name", former.name}, {"path", path}});
}

}  // namespace ingress::broker::acme
