#include "broker/admin/metrics.h"

#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "broker/admin/metrics_text.h"

namespace ingress::broker::admin {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE("a family has its help and type before its samples") {
  MetricsText text;
  text.gauge("a_bytes", "What \\ it\nis.");
  text.sample({{"x", "q\"\\\n"}, {"y", "2"}}, uint64_t{18446744073709551615U});
  text.sample({}, 0.25);
  text.one_counter("b_total", "B.", 3);
  CHECK(std::move(text).take() ==
        "# HELP a_bytes What \\\\ it\\nis.\n# TYPE a_bytes gauge\n"
        "a_bytes{x=\"q\\\"\\\\\\n\",y=\"2\"} 18446744073709551615\na_bytes 0.25\n"
        "# HELP b_total B.\n# TYPE b_total counter\nb_total 3\n");
}

TEST_CASE("a histogram's buckets are cumulative, in seconds, and end at infinity") {
  Histogram histogram;
  histogram.add(Micros(100));
  histogram.add(Micros(2'000));
  histogram.add(Micros(90'000'000));
  MetricsText writer;
  writer.histogram("h_seconds", "H.");
  writer.sample({{"hop", "origin"}}, histogram);
  const std::string text = std::move(writer).take();
  CHECK(has_line(text, R"(h_seconds_bucket{hop="origin",le="0.0001"} 1)"));
  CHECK(has_line(text, R"(h_seconds_bucket{hop="origin",le="0.001"} 1)"));
  CHECK(has_line(text, R"(h_seconds_bucket{hop="origin",le="0.0025"} 2)"));
  CHECK(has_line(text, R"(h_seconds_bucket{hop="origin",le="60"} 2)"));
  CHECK(has_line(text, R"(h_seconds_bucket{hop="origin",le="+Inf"} 3)"));
  CHECK(has_line(text, R"(h_seconds_sum{hop="origin"} 90.0021)"));
  CHECK(has_line(text, R"(h_seconds_count{hop="origin"} 3)"));
}

TEST_CASE("loops are added up, and what is a loop's own stays so") {
  ExchangeRecord record;
  record.route_class = RouteClass::kService;
  record.status = 503;
  record.error = ErrorCode::kMachineUnavailable;
  LoopCounts first{1, 2, 3, 6, 5, 4};
  first.traffic.add(record);
  first.traffic.bytes_in = 10;
  first.connections.tls_http2 = 9;
  first.ended_tunnels.timed_out = 2;
  first.exchanges = 7;
  LoopCounts second = first;
  second.connections.handshakes_failed = 1;
  const std::string text = metrics_of({first, second}, {"1.2.3", {5, 6}, 11});
  for (const char* line : {
           R"(ingress_requests_total{route_class="service",status_class="5xx"} 2)",
           R"(ingress_requests_total{route_class="none",status_class="none"} 0)",
           R"(ingress_request_errors_total{route_class="service",code="machine_unavailable"} 2)",
           R"(ingress_request_duration_seconds_count{route_class="service"} 2)",
           R"(ingress_body_bytes_total{direction="in"} 20)",
           R"(ingress_requests_open 14)",
           R"(ingress_requests_parked 12)",
           R"(ingress_client_connections{protocol="h2",tls="yes"} 18)",
           R"(ingress_tls_handshakes_total{result="failed"} 1)",
           R"(ingress_tunnels 6)",
           R"(ingress_tunnels_ended_total{reason="timeout"} 4)",
           R"(ingress_machines_connected 4)",
           R"(ingress_loop_streams_total{loop="1"} 5)",
           R"(ingress_loop_crossing_streams_total{loop="0"} 4)",
           R"(ingress_wakes_total{result="failed"} 6)",
           R"(ingress_store_commits_total 11)",
           R"(ingress_build_info{version="1.2.3"} 1)",
       }) {
    CAPTURE(line);
    CHECK(has_line(text, line));
  }
}

TEST_CASE("every series is there from the start, once, whatever is served") {
  std::set<std::string> seen;
  std::istringstream lines(metrics_of({LoopCounts{}}, {}));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    CAPTURE(line);
    CHECK(seen.insert(line.substr(0, line.rfind(' '))).second);
  }
  CHECK(seen.size() < 1000);
  CHECK(seen.contains(R"(ingress_request_errors_total{route_class="route",code="rate_limited"})"));
}

}  // namespace
}  // namespace ingress::broker::admin
