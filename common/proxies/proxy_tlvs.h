// The type-length-value parts behind the addresses of a PROXY header, version 2. Private to common/proxies.
#pragma once

#include <cstddef>

#include "common/base/bytes.h"

namespace ingress::proxies {

// nullptr where they are well-formed and a CRC32c among them is that of the header; else what is wrong, static text.
// `at`: where they begin in the whole header.
const char* check_tlvs(Bytes header, size_t at);

}  // namespace ingress::proxies
