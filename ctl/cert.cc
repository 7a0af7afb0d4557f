#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "ctl/issue_result.h"
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

constexpr std::chrono::milliseconds kLook{200};

struct CertFlags {
  std::string name;
  bool no_wait = false;
};

// The certificate once nothing is under way for it any more; `placed` where a new one's files were seen to be there.
Outcome<Json> waited_for(Shell& shell, const std::string& name, Outcome<Json> certificate, bool& placed) {
  while (certificate && is_under_way(*certificate)) {
    placed = placed || certificate->value("state", "") == "placed";
    std::this_thread::sleep_for(kLook);
    certificate = shell.session.get("/v1/certificates" + segment(name));
  }
  return certificate;
}

// Shows it; that there is no good one in the end is the command's failure, too.
Outcome<int> issue(Shell& shell, const CertFlags& flags, bool renew) {
  const std::string path = "/v1/certificates" + segment(flags.name);
  const Outcome<Json> before = shell.session.get(path);
  if (!before) return tl::unexpected(before.error());
  Outcome<Json> certificate = shell.session.change("POST", path + "/issue", Json{{"renew", renew}});
  bool placed = false;
  if (!flags.no_wait) certificate = waited_for(shell, flags.name, std::move(certificate), placed);
  Outcome<int> shown = shell.show_record(certificate);
  if (!shown || *shown != cli::kExitGood || is_under_way(*certificate)) return shown;
  return renew ? result_of_renewal(flags.name, *before, *certificate, placed)
               : result_of_issue(flags.name, *certificate);
}

void add_list(Command cert, Shell& shell) {
  shell.command(cert, "list", "List what is served, and what the broker gets by ACME", "ingressctl cert list",
                [&shell] {
                  return shell.show_list({{"NAME", "name"},
                                          {"STATE", "state"},
                                          {"EXPIRES", "expiresAt"},
                                          {"ISSUER", "issuer"},
                                          {"SOURCE", "source"},
                                          {"FILE", "file"},
                                          {"NEXT TRY", "nextTry"},
                                          {"LAST ERROR", "lastError"}},
                                         shell.session.list({"", "/v1/certificates", {}}));
                });
  const auto shown = std::make_shared<CertFlags>();
  shell
      .command(
          cert, "show", "Show a certificate, with the records that its owner has to make",
          "ingressctl cert show www.example.com",
          [&shell, shown] { return shell.show_record(shell.session.get("/v1/certificates" + segment(shown->name))); })
      .word("name", shown->name, "Its name in the list", "NAME");
}

void add_issue(Command cert, Shell& shell, bool renew) {
  const auto flags = std::make_shared<CertFlags>();
  Command command =
      renew ? shell.command(cert, "renew", "Get a new certificate though there is a good one, and wait for it",
                            "ingressctl cert renew www.example.com",
                            [&shell, flags] { return issue(shell, *flags, true); })
            : shell.command(cert, "issue",
                            "Get a certificate now where there is no good one, whatever failed before, and wait for it",
                            "ingressctl cert issue www.example.com",
                            [&shell, flags] { return issue(shell, *flags, false); });
  command.word("name", flags->name, "A custom domain, DOMAIN, or *.PROJECT.DOMAIN", "NAME");
  command.flag("--no-wait", flags->no_wait, "Ask for it and do not wait");
}

}  // namespace

void add_cert(Command app, Shell& shell) {
  Command cert = Shell::group(app, "cert", "Certificates: what is served, what the broker gets by ACME, local CAs",
                              "ingressctl cert list");
  add_list(cert, shell);
  add_issue(cert, shell, false);
  add_issue(cert, shell, true);
  add_trust(cert, shell, "trust", "Have this system, Firefox and Chromium trust the CAs of `ingress-broker dev`",
            trust);
  add_trust(cert, shell, "untrust", "Take them out again", untrust);
}

}  // namespace ingress::ctl
