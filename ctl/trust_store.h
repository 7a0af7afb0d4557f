// The stores of CAs that programs of this machine go by: the system's, and NSS databases (Firefox, Chromium).
#pragma once

#include <string>
#include <vector>

namespace ingress::ctl {

// A CA's certificate, a PEM file, and what it is called.
struct LocalCa {
  std::string path;
  std::string name;    // "localhost": of the file
  std::string folder;  // a mark of where it is: each folder has a CA of that name
};

// In the stores: "ingress local CA (localhost) 1a2b3c4d" in NSS databases, "ingress-local-localhost-1a2b3c4d" among the
// system's files. A CA that is made anew in its folder keeps them.
std::string nickname_of(const LocalCa& ca);
std::string file_stem_of(const LocalCa& ca);

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

// Each store that is there: a CA is put in, or taken out. What is so already counts as done. Those of other folders
// stay as they are.
std::vector<StoreResult> trust(const std::vector<LocalCa>& cas);
std::vector<StoreResult> untrust(const std::vector<LocalCa>& cas);

}  // namespace ingress::ctl
