#include "agent/local/admission.h"

#include "common/base/loopback_ip.h"
#include "common/tls/digest.h"

namespace ingress::agent {

bool is_local_peer(std::string_view client_ip) { return client_ip.empty() || is_loopback_ip(client_ip); }

Status Admission::check(const http::Fields& fields, std::string_view client_ip) const {
  const bool good = secret_.empty() ? open_ || is_local_peer(client_ip) : shows_secret(fields);
  if (good) return {};
  return fail(ErrorCode::kUnauthorized, Side::kClient,
              secret_.empty() ? "without a secret only this machine is served" : "no or a wrong secret");
}

bool Admission::shows_secret(const http::Fields& fields) const {
  const http::Field* found = nullptr;
  for (const http::Field& field : fields) {
    if (field.name.size() != kSecretHeader.size() || !http::iequals(field.name, kSecretHeader)) continue;
    if (found != nullptr) return false;
    found = &field;
  }
  return found != nullptr && tls::equal_constant_time(found->value, secret_);
}

}  // namespace ingress::agent
