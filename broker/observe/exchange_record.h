// One exchange as it is logged, counted and told to who listens. Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/error.h"

namespace ingress::broker {

using Micros = std::chrono::microseconds;

// What led a request to its machine: few, so that they may be labels.
enum class RouteClass : uint8_t {
  kMachine,  // a machine's own host
  kProject,
  kService,
  kRoute,   // a pattern of a route
  kDomain,  // a project's custom domain
  kNone,    // nothing: an unknown host, a request that could not be read
};
inline constexpr size_t kRouteClasses = 6;

inline std::string_view name_of(RouteClass route_class) {
  constexpr std::array<std::string_view, kRouteClasses> kNames = {"machine", "project", "service",
                                                                  "route",   "domain",  "none"};
  return kNames[static_cast<size_t>(route_class)];
}

// When a request came past each hop, since its head was read. None where it ended before that.
struct HopTimes {
  std::optional<Micros> policy;      // routed, and let in
  std::optional<Micros> tunnel;      // its stream was opened, after all waiting for the machine
  std::optional<Micros> first_byte;  // the answer's head came
  Micros total{0};
};

// Views are valid for the call that hands the record on.
struct ExchangeRecord {
  std::string_view client_ip;
  std::string_view host;
  std::string_view method;
  std::string_view target;
  std::string_view protocol;  // that the client speaks: "HTTP/1.0", "HTTP/1.1" or "h2"; "" where it can't be read
  std::string_view machine;   // an id
  std::string_view project;   // a slug
  std::string_view tenant;  // the slug of whose exchange it is, by the name, the route or the machine; "" for nobody's
  std::string_view route;   // the id of a route, "" where none led here
  std::string_view trace_id;    // of `traceparent`, as the origin gets it
  std::string_view request_id;  // the same, of X-Request-Id
  std::string_view heads;       // members of JSON that tell its fields, "" where they were not kept
  RouteClass route_class = RouteClass::kNone;
  int port = 0;
  int status = 0;                  // 0: the client left before an answer
  std::optional<ErrorCode> error;  // a public one
  bool failed = false;             // for a reason on our side of the client, or with a status of 500 and up
  uint64_t bytes_in = 0;           // of bodies, and of what follows a 101
  uint64_t bytes_out = 0;
  HopTimes times;
};

}  // namespace ingress::broker
