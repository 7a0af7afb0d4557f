#include "ctl/trust_store.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>

#include "common/tls/browser_stores.h"
#include "ctl/child.h"

namespace ingress::ctl {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRemoved = "removed";
constexpr const char* kAbsent = "absent";

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

std::string nickname_of(const LocalCa& ca) { return "ingress local CA (" + ca.name + ")"; }

fs::path system_file(const SystemStore& store, const LocalCa& ca) {
  return fs::path(store.folder) / ("ingress-local-" + ca.name + store.suffix);
}

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
    results.push_back({store->folder, "", "failed", std::move(why)});
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

using NssChange = std::function<StoreEnd(const std::string& database, const LocalCa&)>;

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
      StoreEnd end = change("sql:" + database.string(), ca);
      results.push_back({database.string(), ca.name, std::move(end.result), std::move(end.detail)});
    }
  }
}

StoreEnd remove_from_nss(const std::string& database, const LocalCa& ca) {
  constexpr const char* kNotThere = "Could not find cert";
  StoreEnd end{kAbsent};
  // A CA that was made anew has the same name: all of them go.
  while (true) {
    const ChildResult found = run_child({"certutil", "-d", database, "-L", "-n", nickname_of(ca)});
    if (found.code != 0 && found.output.find(kNotThere) != std::string::npos) return end;
    if (found.code != 0) return {"failed", found.output};
    const ChildResult ran = run_child({"certutil", "-d", database, "-D", "-n", nickname_of(ca)});
    if (ran.code != 0) return {"failed", ran.output};
    end.result = kRemoved;
  }
}

StoreEnd add_to_nss(const std::string& database, const LocalCa& ca) {
  StoreEnd removed = remove_from_nss(database, ca);
  if (removed.result == "failed") return removed;
  const ChildResult ran =
      run_child({"certutil", "-d", database, "-A", "-t", "C,,", "-n", nickname_of(ca), "-i", ca.path});
  return ran.code == 0 ? StoreEnd{"trusted"} : StoreEnd{"failed", ran.output};
}

StoreEnd add_to_system(const SystemStore& store, const LocalCa& ca) {
  std::error_code error;
  fs::copy_file(ca.path, system_file(store, ca), fs::copy_options::overwrite_existing, error);
  return error ? StoreEnd{"failed", error.message()} : StoreEnd{"trusted"};
}

StoreEnd remove_from_system(const SystemStore& store, const LocalCa& ca) {
  std::error_code error;
  const bool removed = fs::remove(system_file(store, ca), error);
  if (error) return {"failed", error.message()};
  return {removed ? kRemoved : kAbsent};
}

}  // namespace

std::string default_ca_folder() {
  if (const std::string state = variable("XDG_STATE_HOME"); state.starts_with('/')) return state + "/ingress/dev/ca";
  const std::string home = variable("HOME");
  return home.empty() ? "" : home + "/.local/state/ingress/dev/ca";
}

std::vector<LocalCa> list_local_cas(const std::string& folder) {
  std::vector<LocalCa> cas;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".crt") cas.push_back({entry.path().string(), entry.path().stem().string()});
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
