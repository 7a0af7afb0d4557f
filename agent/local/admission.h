// Who may use the agent's port 8080.
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/http/head.h"

namespace ingress::agent {

inline constexpr std::string_view kSecretHeader = "X-Iterate-Project-Ingress-Secret";

// A peer on this machine; an empty address is a Unix socket's.
bool is_local_peer(std::string_view client_ip);

class Admission {
 public:
  // With a `secret`, whoever shows it; without one, peers on this machine, or everybody where `open`.
  Admission(std::string secret, bool open) : secret_(std::move(secret)), open_(open) {}

  // kUnauthorized, side kClient.
  Status check(const http::Fields& fields, std::string_view client_ip) const;
  // Whoever was let in has shown the secret.
  bool by_secret() const { return !secret_.empty(); }

 private:
  bool shows_secret(const http::Fields& fields) const;

  std::string secret_;
  bool open_;
};

}  // namespace ingress::agent
