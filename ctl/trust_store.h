// The stores of CAs that programs of this machine go by: the system's, and NSS databases (Firefox, Chromium).
#pragma once

#include <string>
#include <vector>

namespace ingress::ctl {

// A CA's certificate, a PEM file, and what it is called in the stores.
struct LocalCa {
  std::string path;
  std::string name;  // "localhost": of the file
};

struct StoreResult {
  std::string store;  // a path
  std::string ca;
  std::string result;  // "trusted", "removed", "absent" (there was nothing to take out), "failed", "skipped"
  std::string detail;
};

// The CAs that `ingress-broker dev` has made in its folder (FOLDER/*.crt), by name.
std::vector<LocalCa> list_local_cas(const std::string& folder);
// Where that is, as `ingress-broker dev` has it; "" where neither XDG_STATE_HOME nor HOME is set.
std::string default_ca_folder();

// Each store that is there: a CA is put in, or taken out. What is so already counts as done.
std::vector<StoreResult> trust(const std::vector<LocalCa>& cas);
std::vector<StoreResult> untrust(const std::vector<LocalCa>& cas);

}  // namespace ingress::ctl
