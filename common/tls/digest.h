// The few primitives of libcrypto that are used outside TLS.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ingress::tls {

// Lower-case hex of the SHA-256.
std::string sha256_hex(std::string_view bytes);
// Lower-case hex of the HMAC-SHA256 (RFC 2104).
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);
// RFC 4648, padded or not. nullopt for what is none.
std::optional<std::string> from_base64(std::string_view text);
// The URL-safe alphabet, without padding.
std::string to_base64url(std::string_view bytes);
// From the kernel's generator, by OpenSSL; aborts where there is no randomness.
std::string random_bytes(size_t count);
// Takes as long whatever the contents are (the lengths may show).
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace ingress::tls
