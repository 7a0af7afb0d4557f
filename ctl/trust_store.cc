#include "ctl/trust_store.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>

#include "common/base/hex.h"
#include "common/base/read_file.h"
#include "common/database/database.h"
#include "common/tls/browser_stores.h"
#include "common/tls/digest.h"
#include "ctl/child.h"

namespace ingress::ctl {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRemoved = "removed";
constexpr const char* kAbsent = "absent";
constexpr const char* kFailed = "failed";
constexpr size_t kFolderMark = 8;

// A distribution's way: a folder of certificates, and what makes a bundle of them.
struct SystemStore {
  const char* folder;
  const char* suffix;
  std::vector<std::string> update;
  std::vector<std::string> fresh = {};  // the same, where something went; empty: as `update`
};

const std::vector<SystemStore>& system_stores() {
  static const std::vector<SystemStore> stores = {
      {"/usr/local/share/ca-certificates",
       ".crt",
       {"update-ca-certificates"},
       {"update-ca-certificates", "--fresh"}},                                             // Debian, Alpine
      {"/etc/pki/ca-trust/source/anchors", ".pem", {"update-ca-trust", "extract"}},        // Fedora, RHEL
      {"/etc/ca-certificates/trust-source/anchors", ".crt", {"trust", "extract-compat"}},  // Arch
      {"/etc/pki/trust/anchors", ".pem", {"update-ca-certificates"}},                      // SUSE
  };
  return stores;
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  return value == nullptr ? "" : value;
}

// The first whose folder is there and whose program can be found.
const SystemStore* find_system_store() {
  std::error_code error;
  for (const SystemStore& store : system_stores()) {
    if (fs::is_directory(store.folder, error) && find_program(store.update.front())) return &store;
  }
  return nullptr;
}

fs::path system_file(const SystemStore& store, const LocalCa& ca) {
  return fs::path(store.folder) / (file_stem_of(ca) + store.suffix);
}

// As versions called it that knew a CA by its domain alone. Another folder's may be called so: an entry of that name is
// looked at only where it is this very certificate.
LocalCa without_folder(const LocalCa& ca) { return {ca.path, ca.name, ""}; }

// What a change of one store came to, as StoreResult has it.
struct StoreEnd {
  std::string result;
  std::string detail = {};
};
using SystemChange = std::function<StoreEnd(const SystemStore&, const LocalCa&)>;

// Has the system read its folder again; a sentence where that fails.
std::string update_system(const SystemStore& store, bool removes) {
  ChildResult updated{1, {}};
  if (removes && !store.fresh.empty()) updated = run_child(store.fresh);
  if (updated.code != 0) updated = run_child(store.update);
  return updated.code == 0 ? "" : store.update.front() + ": " + updated.output;
}

void change_system(const std::vector<LocalCa>& cas, bool removes, const SystemChange& change,
                   std::vector<StoreResult>& results) {
  const SystemStore* const store = find_system_store();
  if (store == nullptr) {
    results.push_back({"system", "", "skipped", "no store of a known kind: trust the file by hand"});
    return;
  }
  if (geteuid() != 0) {
    const std::string folder = cas.empty() ? "" : fs::path(cas.front().path).parent_path().string();
    results.push_back({store->folder, "", "skipped", "needs root: run it again with sudo and --ca-dir " + folder});
    return;
  }
  for (const LocalCa& ca : cas) {
    StoreEnd end = change(*store, ca);
    results.push_back({store->folder, ca.name, std::move(end.result), std::move(end.detail)});
  }
  // Even where nothing was there: what had it read may have failed the time before.
  if (std::string why = update_system(*store, removes); !why.empty()) {
    results.push_back({store->folder, "", kFailed, std::move(why)});
  }
}

bool has_chromium() {
  for (const char* program : {"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}) {
    if (find_program(program)) return true;
  }
  return false;
}

// Chromium makes its database when it first needs one.
void make_chromium_database() {
  const std::string home = variable("HOME");
  const fs::path shared = fs::path(home) / ".pki/nssdb";
  std::error_code error;
  if (home.empty() || !has_chromium() || fs::exists(shared / "cert9.db", error)) return;
  fs::create_directories(shared, error);
  run_child({"certutil", "-d", "sql:" + shared.string(), "-N", "--empty-password"});
}

using NssChange = std::function<StoreEnd(const fs::path& database, const LocalCa&)>;

void change_nss(const std::vector<LocalCa>& cas, const NssChange& change, std::vector<StoreResult>& results) {
  const std::vector<fs::path> databases = tls::nss_databases(variable("HOME"));
  if (!find_program("certutil")) {
    if (!databases.empty() || has_chromium()) {
      results.push_back({"Firefox, Chromium", "", "skipped", "certutil is missing: install libnss3-tools (nss-tools)"});
    }
    return;
  }
  for (const fs::path& database : databases) {
    for (const LocalCa& ca : cas) {
      StoreEnd end = change(database, ca);
      results.push_back({database.string(), ca.name, std::move(end.result), std::move(end.detail)});
    }
  }
}

// Whether this very certificate has its nickname there, alone. certutil does not tell: it shows all certificates of the
// same subject. Column a3 is CKA_LABEL (PKCS #11).
bool is_in_nss(const fs::path& database, const LocalCa& ca) {
  std::string problem;
  const std::string file = database / tls::kNssDatabaseFile;
  const auto opened = db::Database::open(file, db::Database::Mode::kImmutable, problem);
  if (!opened) return false;
  db::Query query = (*opened)->query(
      "SELECT count(*), max(lower(hex(a11))) FROM nssPublic WHERE lower(hex(a3)) = ? AND a11 IS NOT NULL");
  query.bind(to_hex(nickname_of(ca)));
  return query.next() && query.number(0) == 1 && query.text(1) == tls::nss_value_of(ca.path);
}

StoreEnd remove_named(const fs::path& database, const std::string& nickname) {
  constexpr const char* kNotThere = "Could not find cert";
  const std::string sql = "sql:" + database.string();
  StoreEnd end{kAbsent};
  // A CA that was made anew has the same name: all of them go.
  while (true) {
    const ChildResult found = run_child({"certutil", "-d", sql, "-L", "-n", nickname});
    if (found.code != 0 && found.output.find(kNotThere) != std::string::npos) return end;
    if (found.code != 0) return {kFailed, found.output};
    const ChildResult ran = run_child({"certutil", "-d", sql, "-D", "-n", nickname});
    if (ran.code != 0) return {kFailed, ran.output};
    end.result = kRemoved;
  }
}

StoreEnd remove_from_nss(const fs::path& database, const LocalCa& ca) {
  StoreEnd end = remove_named(database, nickname_of(ca));
  const LocalCa older = without_folder(ca);
  if (end.result == kFailed || !is_in_nss(database, older)) return end;
  return remove_named(database, nickname_of(older));
}

StoreEnd add_to_nss(const fs::path& database, const LocalCa& ca) {
  StoreEnd removed = remove_from_nss(database, ca);
  if (removed.result == kFailed) return removed;
  const ChildResult ran = run_child(
      {"certutil", "-d", "sql:" + database.string(), "-A", "-t", "C,,", "-n", nickname_of(ca), "-i", ca.path});
  return ran.code == 0 ? StoreEnd{"trusted"} : StoreEnd{kFailed, ran.output};
}

// False where there was none.
bool remove_older_file(const SystemStore& store, const LocalCa& ca, std::error_code& error) {
  const fs::path older = system_file(store, without_folder(ca));
  const auto theirs = read_file(older);
  const auto ours = read_file(ca.path);
  return theirs && ours && *theirs == *ours && fs::remove(older, error);
}

StoreEnd add_to_system(const SystemStore& store, const LocalCa& ca) {
  std::error_code error;
  fs::copy_file(ca.path, system_file(store, ca), fs::copy_options::overwrite_existing, error);
  if (!error) remove_older_file(store, ca, error);
  return error ? StoreEnd{kFailed, error.message()} : StoreEnd{"trusted"};
}

StoreEnd remove_from_system(const SystemStore& store, const LocalCa& ca) {
  std::error_code error;
  bool removed = fs::remove(system_file(store, ca), error);
  if (!error) removed = remove_older_file(store, ca, error) || removed;
  if (error) return {kFailed, error.message()};
  return {removed ? kRemoved : kAbsent};
}

}  // namespace

std::string nickname_of(const LocalCa& ca) {
  return "ingress local CA (" + ca.name + ")" + (ca.folder.empty() ? "" : " " + ca.folder);
}

std::string file_stem_of(const LocalCa& ca) {
  return "ingress-local-" + ca.name + (ca.folder.empty() ? "" : "-" + ca.folder);
}

std::string default_ca_folder() {
  if (const std::string state = variable("XDG_STATE_HOME"); state.starts_with('/')) return state + "/ingress/dev/ca";
  const std::string home = variable("HOME");
  return home.empty() ? "" : home + "/.local/state/ingress/dev/ca";
}

std::vector<LocalCa> list_local_cas(const std::string& folder) {
  std::vector<LocalCa> cas;
  std::error_code error;
  const std::string mark = tls::sha256_hex(fs::canonical(folder, error).string()).substr(0, kFolderMark);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".crt") cas.push_back({entry.path().string(), entry.path().stem().string(), mark});
  }
  std::sort(cas.begin(), cas.end(), [](const LocalCa& a, const LocalCa& b) { return a.name < b.name; });
  return cas;
}

std::vector<StoreResult> trust(const std::vector<LocalCa>& cas) {
  std::vector<StoreResult> results;
  change_system(cas, false, add_to_system, results);
  if (find_program("certutil")) make_chromium_database();
  change_nss(cas, add_to_nss, results);
  return results;
}

std::vector<StoreResult> untrust(const std::vector<LocalCa>& cas) {
  std::vector<StoreResult> results;
  change_system(cas, true, remove_from_system, results);
  change_nss(cas, remove_from_nss, results);
  return results;
}

}  // namespace ingress::ctl
