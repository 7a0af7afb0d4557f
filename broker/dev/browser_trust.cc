#include "broker/dev/browser_trust.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include "common/database/database.h"
#include "common/tls/browser_stores.h"

namespace ingress::broker::dev {
namespace {

namespace fs = std::filesystem;

bool has_all(const fs::path& database, const std::vector<std::string>& certificates) {
  std::string problem;
  const auto opened = db::Database::open(database.string(), db::Database::Mode::kImmutable, problem);
  if (!opened) return false;
  return std::all_of(certificates.begin(), certificates.end(), [&opened](const std::string& certificate) {
    if (certificate.empty()) return false;
    db::Query query = (*opened)->query("SELECT count(*) FROM nssPublic WHERE lower(hex(a11)) = ?");
    query.bind(certificate);
    return query.next() && query.number(0) > 0;
  });
}

}  // namespace

std::optional<bool> browsers_trust(const std::string& home, const std::vector<std::string>& certificate_paths) {
  const std::vector<fs::path> databases = tls::nss_databases(home);
  if (databases.empty()) return std::nullopt;
  std::vector<std::string> certificates;
  certificates.reserve(certificate_paths.size());
  for (const std::string& path : certificate_paths) certificates.push_back(tls::nss_value_of(path));
  return std::all_of(databases.begin(), databases.end(), [&certificates](const fs::path& database) {
    return has_all(database / tls::kNssDatabaseFile, certificates);
  });
}

}  // namespace ingress::broker::dev
