#include "common/uv/uv_error.h"

#include <uv.h>

namespace ingress::uv {
namespace {

// libuv's numbers are negated errnos, but for those of getaddrinfo (below -3000).
int errno_of(int uv_status) { return uv_status < 0 && uv_status > -1000 ? -uv_status : 0; }

ErrorCode code_of(int uv_status) {
  switch (uv_status) {
    case UV_ECONNRESET:
    case UV_EPIPE:
    case UV_ECONNABORTED:
      return ErrorCode::kReset;
    case UV_ETIMEDOUT:
      return ErrorCode::kTimeout;
    default:
      return ErrorCode::kIo;
  }
}

}  // namespace

Error socket_error(int uv_status, const char* context) { return uv_error(code_of(uv_status), uv_status, context); }

Error uv_error(ErrorCode code, int uv_status, const char* context) {
  Error error;
  error.code = code;
  error.sys_errno = errno_of(uv_status);
  error.context = context;
  return error;
}

}  // namespace ingress::uv
