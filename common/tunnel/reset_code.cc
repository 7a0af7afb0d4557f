#include "common/tunnel/reset_code.h"

namespace ingress::tunnel {

Error error_of(ResetCode code) {
  const auto number = static_cast<uint32_t>(code);
  if (is_http2_reset(number)) {
    const auto http2_code = static_cast<uint8_t>(number);
    return {ErrorCode::kHttp2Reset, Side::kOrigin, false, http2_code, "the origin reset the stream"};
  }
  switch (code) {
    case ResetCode::kCancelled:
      return {ErrorCode::kReset, Side::kTunnel, false, 0, "the other end cancelled the stream"};
    case ResetCode::kConnectFailed:
      return {ErrorCode::kConnectFailed, Side::kOrigin, true, 0, "nothing accepted the connection to the port"};
    case ResetCode::kOriginClosed:
      return {ErrorCode::kReset, Side::kOrigin, false, 0, "the origin broke off"};
    case ResetCode::kOriginProtocol:
      return {ErrorCode::kProtocol, Side::kOrigin, false, 0, "the origin's answer was malformed"};
    case ResetCode::kOriginTimeout:
      return {ErrorCode::kTimeout, Side::kOrigin, false, 0, "the origin did not answer in time"};
    case ResetCode::kPortDenied:
      return {ErrorCode::kForbidden, Side::kOrigin, false, 0, "the agent does not serve that port"};
    case ResetCode::kHeadTooLarge:
      return {ErrorCode::kTooLarge, Side::kOrigin, false, 0, "a head was too large for the tunnel"};
    case ResetCode::kRefused:
      return {ErrorCode::kMachineUnavailable, Side::kTunnel, true, 0, "the agent refused the stream"};
    case ResetCode::kStopSending:
      return {ErrorCode::kReset, Side::kOrigin, false, 0, "the stream was stopped before its answer was complete"};
    case ResetCode::kInternal:
    case ResetCode::kHttp2Reset:
      break;
    case ResetCode::kConnectTimeout:
      return {ErrorCode::kTimeout, Side::kOrigin, true, 0, "the connection to the port timed out"};
  }
  return {ErrorCode::kProxyError, Side::kTunnel, false, 0, "the other end failed"};
}

}  // namespace ingress::tunnel
