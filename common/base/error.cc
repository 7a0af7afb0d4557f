#include "common/base/error.h"

#include <array>

namespace ingress {
namespace {

struct CodeInfo {
  std::string_view name;
  int status;  // 0: internal, see public_error
};

constexpr std::array kCodes = std::to_array<CodeInfo>({
    {"invalid_host", 400},
    {"invalid_port", 400},
    {"invalid_project_slug", 400},
    {"invalid_proxy_target_host", 400},
    {"missing_proxy_target_host", 400},
    {"bad_request", 400},
    {"method_not_allowed", 405},
    {"unauthorized", 401},
    {"forbidden", 403},
    {"route_not_found", 404},
    {"project_not_found", 404},
    {"machine_not_found", 404},
    {"service_not_found", 404},
    {"route_expired", 410},
    {"machine_not_routable", 409},
    {"body_too_large", 413},
    {"rate_limited", 429},
    {"header_too_large", 431},
    {"proxy_error", 502},
    {"machine_unavailable", 503},
    {"machine_starting", 503},
    {"overloaded", 503},
    {"origin_timeout", 504},
    {"request_timeout", 408},
    {"internal_error", 500},
    {"closed", 0},
    {"reset", 0},
    {"http2_reset", 0},
    {"timeout", 0},
    {"connect_failed", 0},
    {"resolve_failed", 0},
    {"tls_failed", 0},
    {"protocol", 0},
    {"flow_control", 0},
    {"too_large", 0},
    {"io", 0},
    {"invalid_argument", 400},
    {"conflict", 409},
    {"not_found", 404},
});
static_assert(kCodes.size() == static_cast<size_t>(ErrorCode::kNotFound) + 1);

const CodeInfo& info(ErrorCode code) { return kCodes[static_cast<size_t>(code)]; }

ErrorCode public_code(const Error& error) {
  switch (error.side) {
    case Side::kClient:
      if (error.code == ErrorCode::kTooLarge) return ErrorCode::kHeaderTooLarge;
      return error.code == ErrorCode::kTimeout ? ErrorCode::kRequestTimeout : ErrorCode::kBadRequest;
    case Side::kTunnel:
    case Side::kOrigin:
      return error.code == ErrorCode::kTimeout ? ErrorCode::kOriginTimeout : ErrorCode::kProxyError;
    case Side::kInternal:
      break;
  }
  return ErrorCode::kInternalError;
}

}  // namespace

std::string_view name_of(ErrorCode code) { return info(code).name; }

std::string_view name_of(Side side) {
  constexpr std::array<std::string_view, 4> kNames = {"client", "tunnel", "origin", "internal"};
  return kNames[static_cast<size_t>(side)];
}

Error public_error(const Error& error) {
  Error result = error;
  if (info(error.code).status == 0) result.code = public_code(error);
  return result;
}

int status_of(const Error& error) { return info(public_error(error).code).status; }

}  // namespace ingress
