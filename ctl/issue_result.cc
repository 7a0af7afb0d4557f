#include "ctl/issue_result.h"

namespace ingress::ctl {
namespace {

// "" for a member that is no text.
std::string text_of_certificate(const Json& certificate, const char* name) {
  const auto found = certificate.find(name);
  return found != certificate.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

bool is_under_way(const Json& certificate) {
  const std::string state = text_of_certificate(certificate, "state");
  return state == "checking" || state == "queued" || state == "ordered" || state == "placed";
}

Outcome<int> result_of_issue(const std::string& name, const Json& after) {
  const std::string state = text_of_certificate(after, "state");
  if (state == "valid" || state == "expires_soon") return cli::kExitGood;
  const std::string error = text_of_certificate(after, "lastError");
  if (!error.empty()) return failed(name + ": " + error);
  if (state == "failed") return failed(name + ": it failed");
  return failed(name + ": the certificate is " + (state.empty() ? "of no known state" : state) +
                ", and the broker is not at it: there may have been as many orders as an hour may have (--acme-orders, "
                "--acme-project-orders)");
}

Outcome<int> result_of_renewal(const std::string& name, const Json& before, const Json& after, bool placed) {
  Outcome<int> result = result_of_issue(name, after);
  if (!result || placed || text_of_certificate(before, "state") == "failed") return result;
  for (const char* time : {"expiresAt", "renewAt"}) {
    if (text_of_certificate(before, time) != text_of_certificate(after, time)) return result;
  }
  return failed(name + ": no other certificate is seen, this one ends when the one before did (" +
                text_of_certificate(after, "expiresAt") + "); the broker's log says whether one was issued");
}

}  // namespace ingress::ctl
