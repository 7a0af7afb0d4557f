#include "common/base/error.h"

#include <doctest/doctest.h>

#include <string>

#include "common/base/log.h"

using ingress::Error;
using ingress::ErrorCode;
using ingress::Side;

namespace {

Error make(ErrorCode code, Side side) {
  Error error;
  error.code = code;
  error.side = side;
  return error;
}

}  // namespace

TEST_CASE("public codes have the names and statuses of the design") {
  struct Row {
    ErrorCode code;
    const char* name;
    int status;
  };
  const Row rows[] = {
      {ErrorCode::kInvalidHost, "invalid_host", 400},
      {ErrorCode::kInvalidPort, "invalid_port", 400},
      {ErrorCode::kInvalidProjectSlug, "invalid_project_slug", 400},
      {ErrorCode::kInvalidProxyTargetHost, "invalid_proxy_target_host", 400},
      {ErrorCode::kMissingProxyTargetHost, "missing_proxy_target_host", 400},
      {ErrorCode::kBadRequest, "bad_request", 400},
      {ErrorCode::kUnauthorized, "unauthorized", 401},
      {ErrorCode::kForbidden, "forbidden", 403},
      {ErrorCode::kRouteNotFound, "route_not_found", 404},
      {ErrorCode::kProjectNotFound, "project_not_found", 404},
      {ErrorCode::kMachineNotFound, "machine_not_found", 404},
      {ErrorCode::kServiceNotFound, "service_not_found", 404},
      {ErrorCode::kRouteExpired, "route_expired", 410},
      {ErrorCode::kMachineNotRoutable, "machine_not_routable", 409},
      {ErrorCode::kBodyTooLarge, "body_too_large", 413},
      {ErrorCode::kRateLimited, "rate_limited", 429},
      {ErrorCode::kHeaderTooLarge, "header_too_large", 431},
      {ErrorCode::kProxyError, "proxy_error", 502},
      {ErrorCode::kMachineUnavailable, "machine_unavailable", 503},
      {ErrorCode::kMachineStarting, "machine_starting", 503},
      {ErrorCode::kOriginTimeout, "origin_timeout", 504},
      {ErrorCode::kRequestTimeout, "request_timeout", 408},
      {ErrorCode::kInternalError, "internal_error", 500},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(name_of(row.code) == row.name);
    CHECK(status_of(make(row.code, Side::kInternal)) == row.status);
    CHECK(public_error(make(row.code, Side::kOrigin)).code == row.code);
  }
}

TEST_CASE("internal codes become public ones by the side that failed") {
  CHECK(public_error(make(ErrorCode::kReset, Side::kOrigin)).code == ErrorCode::kProxyError);
  CHECK(public_error(make(ErrorCode::kTimeout, Side::kOrigin)).code == ErrorCode::kOriginTimeout);
  CHECK(public_error(make(ErrorCode::kTimeout, Side::kTunnel)).code == ErrorCode::kOriginTimeout);
  CHECK(public_error(make(ErrorCode::kProtocol, Side::kTunnel)).code == ErrorCode::kProxyError);
  CHECK(public_error(make(ErrorCode::kTooLarge, Side::kClient)).code == ErrorCode::kHeaderTooLarge);
  CHECK(public_error(make(ErrorCode::kTimeout, Side::kClient)).code == ErrorCode::kRequestTimeout);
  CHECK(public_error(make(ErrorCode::kProtocol, Side::kClient)).code == ErrorCode::kBadRequest);
  CHECK(public_error(make(ErrorCode::kIo, Side::kInternal)).code == ErrorCode::kInternalError);
  CHECK(status_of(make(ErrorCode::kNotFound, Side::kInternal)) == 404);
}

TEST_CASE("an error is described by side, code, context and errno") {
  Error error = make(ErrorCode::kReset, Side::kTunnel);
  error.context = "read";
  error.sys_errno = ECONNRESET;
  CHECK(describe(error) == "tunnel: reset: read (Connection reset by peer)");
}

TEST_CASE("log words are parsed strictly") {
  CHECK(*ingress::parse_log_level("warn") == ingress::LogLevel::kWarn);
  CHECK_FALSE(ingress::parse_log_level("WARN").has_value());
  CHECK(*ingress::parse_log_format("json") == ingress::LogFormat::kJson);
  CHECK_FALSE(ingress::parse_log_format("").has_value());
}
