// The one error value of the product: small, copyable, no allocation.
#pragma once

#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>

namespace ingress {

// Which hop failed. It decides the blame in logs and, with the code, the status of an answer.
enum class Side : uint8_t { kClient, kTunnel, kOrigin, kInternal };

// Public codes (design, section 6) come first: their snake_case names are stable and appear in answers.
enum class ErrorCode : uint8_t {
  kInvalidHost,
  kInvalidPort,
  kInvalidProjectSlug,
  kInvalidProxyTargetHost,
  kMissingProxyTargetHost,
  kBadRequest,
  kMethodNotAllowed,
  kUnauthorized,
  kForbidden,
  kRouteNotFound,
  kProjectNotFound,
  kMachineNotFound,
  kServiceNotFound,
  kRouteExpired,
  kMachineNotRoutable,
  kBodyTooLarge,
  kRateLimited,
  kHeaderTooLarge,
  kProxyError,
  kMachineUnavailable,
  kMachineStarting,
  kOverloaded,  // 503: a limit of the broker's own
  kOriginTimeout,
  kRequestTimeout,  // 408: a client's head or body did not come in time
  kInternalError,   // 500
  // Internal codes: how a connection or a session ended. They are mapped to a public code before an answer.
  kClosed,           // ended in order
  kReset,            // broken off by the peer
  kHttp2Reset,       // an origin reset its stream by RST_STREAM; sys_errno has its code (RFC 9113, 7), 1 to 255
  kTimeout,          // a timer ran out
  kConnectFailed,    // nothing accepted the connection
  kResolveFailed,    // a name has no address
  kTlsFailed,        // handshake or record failure
  kProtocol,         // the peer broke the wire format
  kFlowControl,      // the peer sent beyond its credit
  kTooLarge,         // over a limit of ours
  kIo,               // any other error of the kernel; see sys_errno
  kInvalidArgument,  // bad configuration or a bad value from an operator
  kConflict,         // a change that another change or row forbids
  kNotFound,         // a row that is not there
};

struct Error {
  ErrorCode code = ErrorCode::kInternalError;
  Side side = Side::kInternal;
  bool retryable = false;    // true: the far side provably did nothing, a second try is safe for every method
  int sys_errno = 0;         // errno of the failed call, 0 where none
  const char* context = "";  // static text: what was being done
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = tl::expected<void, Error>;

inline tl::unexpected<Error> fail(ErrorCode code, Side side, const char* context, int sys_errno = 0) {
  return tl::unexpected<Error>(Error{code, side, false, sys_errno, context});
}

inline uint8_t http2_code_of(const Error& error) {
  return error.code == ErrorCode::kHttp2Reset ? static_cast<uint8_t>(error.sys_errno) : 0;
}

// The stable snake_case name, as in `{"error":"machine_not_found"}`.
std::string_view name_of(ErrorCode code);
std::string_view name_of(Side side);

// The error as a client may see it: internal codes become a public one by side (an origin's or tunnel's failure is
// kProxyError or kOriginTimeout, a client's kBadRequest, ours kInternalError). Public codes pass unchanged.
Error public_error(const Error& error);

// HTTP status of the error (after public_error).
int status_of(const Error& error);

}  // namespace ingress
