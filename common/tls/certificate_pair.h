// A certificate and its key as files and texts, beside those that a ServerContext serves. No sockets.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/tls/tls_context.h"

namespace ingress::tls {

// The pair whose chain is in `crt_path` and whose key lies beside it in NAME.key. kInvalidArgument where a file cannot
// be read or the two do not belong together.
Result<Certificate> read_pair(const std::string& crt_path);

// Whether both show the same certificate, whatever follows it in their chains.
bool is_same_certificate(const Certificate& one, const Certificate& other);

struct PemPair {
  std::string certificate;
  std::string key;
};

// A P-256 key and a certificate of `names` (at least one) that it signed itself, good from now on.
Result<PemPair> make_self_signed(const std::vector<std::string>& names, std::chrono::hours lifetime);

}  // namespace ingress::tls
