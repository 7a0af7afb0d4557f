#include <algorithm>
#include <memory>

#include "ctl/nouns.h"
#include "ctl/trust_store.h"

namespace ingress::ctl {
namespace {

struct TrustFlags {
  std::string folder;
};

Outcome<int> show_results(Shell& shell, const std::vector<StoreResult>& results) {
  Json items = Json::array();
  bool failed = false;
  for (const StoreResult& result : results) {
    items.push_back({{"store", result.store}, {"ca", result.ca}, {"result", result.result}, {"detail", result.detail}});
    failed = failed || result.result == "failed";
  }
  auto shown = shell.show_list({{"STORE", "store"}, {"CA", "ca"}, {"RESULT", "result"}, {"DETAIL", "detail"}}, items);
  if (!shown) return shown;
  const bool any =
      std::any_of(results.begin(), results.end(), [](const StoreResult& result) { return result.result != "skipped"; });
  return failed || !any ? cli::kExitFailed : cli::kExitGood;
}

using Change = std::vector<StoreResult> (*)(const std::vector<LocalCa>&);

void add_trust(Command cert, Shell& shell, const char* name, const char* help, Change change) {
  const auto flags = std::make_shared<TrustFlags>();
  shell
      .command(cert, name, help, std::string("ingressctl cert ") + name,
               [&shell, flags, change]() -> Outcome<int> {
                 const std::string folder = flags->folder.empty() ? default_ca_folder() : flags->folder;
                 const std::vector<LocalCa> cas = list_local_cas(folder);
                 if (cas.empty()) {
                   return wrong_usage("there is no CA in " + folder +
                                      ": `ingress-broker dev` makes it; --ca-dir names another folder");
                 }
                 return show_results(shell, change(cas));
               })
      .option("--ca-dir", flags->folder, "The folder of the local CAs, where it is not this user's", "DIR");
}

}  // namespace

void add_cert(Command app, Shell& shell) {
  Command cert = Shell::group(app, "cert", "Certificates", "ingressctl cert trust");
  add_trust(cert, shell, "trust", "Have this system, Firefox and Chromium trust the CAs of `ingress-broker dev`",
            trust);
  add_trust(cert, shell, "untrust", "Take them out again", untrust);
}

}  // namespace ingress::ctl
