#include "common/tls/browser_stores.h"

#include <system_error>

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

}  // namespace ingress::tls
