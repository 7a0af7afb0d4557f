#include "common/tls/browser_stores.h"

#include <optional>
#include <string_view>
#include <system_error>

#include "common/base/hex.h"
#include "common/base/read_file.h"
#include "common/tls/digest.h"

namespace ingress::tls {
namespace {

namespace fs = std::filesystem;

bool has_database(const fs::path& folder) {
  std::error_code error;
  return fs::is_regular_file(folder / kNssDatabaseFile, error);
}

}  // namespace

std::vector<fs::path> nss_databases(const std::string& home) {
  std::vector<fs::path> found;
  if (home.empty()) return found;
  std::error_code error;
  const fs::path shared = fs::path(home) / ".pki/nssdb";
  if (has_database(shared)) found.push_back(shared);
  for (const char* profiles : {".mozilla/firefox", "snap/firefox/common/.mozilla/firefox",
                               ".var/app/org.mozilla.firefox/.mozilla/firefox", "snap/chromium/current/.pki"}) {
    for (const fs::directory_entry& entry : fs::directory_iterator(fs::path(home) / profiles, error)) {
      if (has_database(entry.path())) found.push_back(entry.path());
    }
  }
  return found;
}

std::string nss_value_of(const std::string& pem_path) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  const std::string pem = read_file(pem_path).value_or("");
  const size_t begin = pem.find(kBegin);
  const size_t end = begin == std::string::npos ? begin : pem.find("-----END", begin + kBegin.size());
  if (end == std::string::npos) return "";
  std::string base64 = pem.substr(begin + kBegin.size(), end - begin - kBegin.size());
  std::erase_if(base64, [](char c) { return c == '\n' || c == '\r'; });
  const std::optional<std::string> bytes = from_base64(base64);
  return bytes ? to_hex(*bytes) : "";
}

}  // namespace ingress::tls
