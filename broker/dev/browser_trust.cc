#include "broker/dev/browser_trust.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>

#include "common/base/hex.h"
#include "common/base/read_file.h"
#include "common/database/database.h"
#include "common/tls/browser_stores.h"
#include "common/tls/digest.h"

namespace ingress::broker::dev {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPemBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kPemEnd = "-----END";

// In hexadecimal, "" where the file has none.
std::string certificate_of(const std::string& path) {
  const Result<std::string> pem = read_file(path);
  if (!pem) return "";
  const size_t begin = pem->find(kPemBegin);
  const size_t end = begin == std::string::npos ? begin : pem->find(kPemEnd, begin + kPemBegin.size());
  if (end == std::string::npos) return "";
  std::string text = pem->substr(begin + kPemBegin.size(), end - begin - kPemBegin.size());
  std::erase(text, '\n');
  const std::optional<std::string> bytes = tls::from_base64(text);
  return bytes ? to_hex(*bytes) : "";
}

// Column a11 is CKA_VALUE (PKCS #11): of a certificate, all of it.
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
  for (const std::string& path : certificate_paths) certificates.push_back(certificate_of(path));
  return std::all_of(databases.begin(), databases.end(), [&certificates](const fs::path& database) {
    return has_all(database / tls::kNssDatabaseFile, certificates);
  });
}

}  // namespace ingress::broker::dev
