// How an origin's failure is told to the broker.
#pragma once

#include <cerrno>

#include "common/base/error.h"
#include "common/tunnel/session.h"

namespace ingress::agent {

inline tunnel::ResetCode reset_code_of(const Error& error) {
  using tunnel::ResetCode;
  if (const uint8_t http2_code = http2_code_of(error)) return tunnel::http2_reset(http2_code);
  // The agent could do nothing, and the port is not to blame.
  if (error.sys_errno == EMFILE || error.sys_errno == ENFILE) return ResetCode::kRefused;
  switch (error.code) {
    case ErrorCode::kConnectFailed:
    case ErrorCode::kResolveFailed:
      return ResetCode::kConnectFailed;
    case ErrorCode::kTimeout:
      // Retryable: it ran out before anything was sent.
      return error.retryable ? ResetCode::kConnectTimeout : ResetCode::kOriginTimeout;
    case ErrorCode::kProtocol:
      return ResetCode::kOriginProtocol;
    case ErrorCode::kTooLarge:
      return ResetCode::kHeadTooLarge;
    case ErrorCode::kClosed:
    case ErrorCode::kReset:
    case ErrorCode::kIo:
      return ResetCode::kOriginClosed;
    case ErrorCode::kInvalidPort:
    case ErrorCode::kForbidden:
      return ResetCode::kPortDenied;
    default:
      return ResetCode::kInternal;
  }
}

}  // namespace ingress::agent
