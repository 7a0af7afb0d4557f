// HKDF-Expand-Label (RFC 8446, 7.1), by OpenSSL's HMAC. Private to common/tls.
#pragma once

#include <string_view>

#include "common/base/bytes.h"

namespace ingress::tls {

// Hashes that it is made with, by their size.
constexpr size_t kSha256Bytes = 32;
constexpr size_t kSha384Bytes = 48;

constexpr size_t kMaxLabelBytes = 31;    // without the prefix
constexpr size_t kMaxContextBytes = 64;  // a transcript's hash

// One block: `to` and `secret` have `hash_bytes` at most, one of the two above. `label` is without the prefix "tls13 ".
// False where OpenSSL fails. Thread: any.
bool expand_label(size_t hash_bytes, Bytes secret, std::string_view label, Bytes context, MutableBytes to);

}  // namespace ingress::tls
