// libuv's error numbers as errors of ours. Private to common/uv.
#pragma once

#include "common/base/error.h"

namespace ingress::uv {

// A failure of a connected socket: kReset, kTimeout or kIo. Whose side it is, the owner knows.
Error socket_error(int uv_status, const char* context);

// Any other failure, as `code`.
Error uv_error(ErrorCode code, int uv_status, const char* context);

}  // namespace ingress::uv
