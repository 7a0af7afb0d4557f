#include "broker/admin/metrics.h"

#include <filesystem>
#include <numeric>
#include <utility>

#include "broker/admin/metrics_text.h"
#include "common/uv/process_usage.h"

namespace ingress::broker::admin {
namespace {

using LoopList = std::vector<LoopCounts>;

// The sum over all loops.
template <class Of>
uint64_t sum(const LoopList& loops, Of of) {
  return std::accumulate(loops.begin(), loops.end(), uint64_t{0}, [of](uint64_t so_far, const LoopCounts& counts) {
    return so_far + static_cast<uint64_t>(of(counts));
  });
}

TrafficCounts traffic_of(const LoopList& loops) {
  TrafficCounts all;
  for (const LoopCounts& loop : loops) all.add(loop.traffic);
  return all;
}

void write_requests(MetricsText& text, const TrafficCounts& traffic) {
  text.counter("ingress_requests_total",
               "Requests that have ended, by what led them to their machine and the answer's status (none: the client "
               "left before one).");
  for (size_t route = 0; route < kRouteClasses; ++route) {
    for (size_t status = 0; status < kStatusClasses; ++status) {
      text.sample({{"route_class", name_of(static_cast<RouteClass>(route))},
                   {"status_class", name_of(static_cast<StatusClass>(status))}},
                  traffic.by_route[route].requests[status]);
    }
  }
  text.counter("ingress_request_errors_total",
               "Requests that ended with an error of the broker's or of a hop behind it, by its code.");
  for (size_t route = 0; route < kRouteClasses; ++route) {
    for (size_t code = 0; code < kErrorCodes; ++code) {
      text.sample(
          {{"route_class", name_of(static_cast<RouteClass>(route))}, {"code", name_of(static_cast<ErrorCode>(code))}},
          traffic.by_route[route].errors[code]);
    }
  }
}

void write_times(MetricsText& text, const TrafficCounts& traffic) {
  text.histogram("ingress_request_duration_seconds", "From a request's head to its end.");
  for (size_t route = 0; route < kRouteClasses; ++route) {
    text.sample({{"route_class", name_of(static_cast<RouteClass>(route))}}, traffic.by_route[route].total);
  }
  text.histogram("ingress_request_hop_duration_seconds",
                 "What each hop took: policy (routing and policy), tunnel (until a stream was open, all waiting for "
                 "the machine included), origin (until the answer's head).");
  for (size_t route = 0; route < kRouteClasses; ++route) {
    const RouteCounts& counts = traffic.by_route[route];
    const std::string_view name = name_of(static_cast<RouteClass>(route));
    text.sample({{"route_class", name}, {"hop", "policy"}}, counts.policy);
    text.sample({{"route_class", name}, {"hop", "tunnel"}}, counts.tunnel);
    text.sample({{"route_class", name}, {"hop", "origin"}}, counts.origin);
  }
}

void write_flow(MetricsText& text, const LoopList& loops, const TrafficCounts& traffic) {
  text.counter("ingress_body_bytes_total",
               "Bytes of bodies and of upgraded connections, counted as they flow; in: from clients.");
  text.sample({{"direction", "in"}}, traffic.bytes_in);
  text.sample({{"direction", "out"}}, traffic.bytes_out);
  text.one_gauge("ingress_requests_open", "Requests under way.",
                 sum(loops, [](const auto& loop) { return loop.exchanges; }));
  text.one_gauge("ingress_requests_parked", "Of them, those that wait for their machine.",
                 sum(loops, [](const auto& loop) { return loop.parked; }));
}

void write_connections(MetricsText& text, const LoopList& loops) {
  const auto of = [&loops](size_t ConnectionCounts::*member) {
    return sum(loops, [member](const auto& loop) { return loop.connections.*member; });
  };
  text.gauge("ingress_client_connections", "Connections of clients, by protocol.");
  text.sample({{"protocol", "HTTP/1.1"}, {"tls", "no"}}, of(&ConnectionCounts::clear_http1));
  text.sample({{"protocol", "h2"}, {"tls", "no"}}, of(&ConnectionCounts::clear_http2));
  text.sample({{"protocol", "HTTP/1.1"}, {"tls", "yes"}}, of(&ConnectionCounts::tls_http1));
  text.sample({{"protocol", "h2"}, {"tls", "yes"}}, of(&ConnectionCounts::tls_http2));
  text.one_gauge("ingress_tls_handshakes_open", "TLS handshakes under way.", of(&ConnectionCounts::handshakes));
  const auto so_far = [&loops](uint64_t ConnectionCounts::*member) {
    return sum(loops, [member](const auto& loop) { return loop.connections.*member; });
  };
  text.counter("ingress_tls_handshakes_total",
               "TLS handshakes of clients and agents that have ended, by how (refused: by --handshake-rate).");
  text.sample({{"result", "done"}}, so_far(&ConnectionCounts::handshakes_done));
  text.sample({{"result", "failed"}}, so_far(&ConnectionCounts::handshakes_failed));
  text.sample({{"result", "refused"}}, so_far(&ConnectionCounts::handshakes_refused));
  text.one_counter("ingress_proxy_headers_refused_total",
                   "Connections of trusted proxies that were closed for want of a good PROXY header.",
                   so_far(&ConnectionCounts::proxy_headers_refused));
}

void write_tunnels(MetricsText& text, const LoopList& loops) {
  text.one_gauge("ingress_machines_connected", "Machines with a tunnel that takes streams.",
                 sum(loops, [](const auto& loop) { return loop.machines; }));
  text.one_gauge("ingress_tunnels", "Tunnels of agents.", sum(loops, [](const auto& loop) { return loop.tunnels; }));
  const auto of = [&loops](uint64_t TunnelCounts::*member) {
    return sum(loops, [member](const auto& loop) { return loop.ended_tunnels.*member; });
  };
  text.one_counter("ingress_tunnels_opened_total", "Tunnels that were welcomed.", of(&TunnelCounts::opened));
  text.counter("ingress_tunnels_ended_total", "Tunnels that have ended, by why (drained: in order, after a GOAWAY).");
  text.sample({{"reason", "drained"}}, of(&TunnelCounts::drained));
  text.sample({{"reason", "closed"}}, of(&TunnelCounts::closed));
  text.sample({{"reason", "timeout"}}, of(&TunnelCounts::timed_out));
  text.sample({{"reason", "withdrawn"}}, of(&TunnelCounts::withdrawn));
  text.sample({{"reason", "broken"}}, of(&TunnelCounts::broken));
}

void write_loops(MetricsText& text, const LoopList& loops) {
  text.counter("ingress_loop_streams_total", "Streams to machines that were opened for clients of each loop.");
  for (size_t i = 0; i < loops.size(); ++i) text.sample({{"loop", std::to_string(i)}}, loops[i].streams);
  text.counter("ingress_loop_crossing_streams_total", "Of them, those that went to another loop's machine.");
  for (size_t i = 0; i < loops.size(); ++i) text.sample({{"loop", std::to_string(i)}}, loops[i].crossing_streams);
}

void write_broker(MetricsText& text, const BrokerFacts& facts) {
  text.counter("ingress_wakes_total", "Calls of machines' wake webhooks, by how they ended.");
  text.sample({{"result", "woken"}}, facts.counts.wakes);
  text.sample({{"result", "failed"}}, facts.counts.failed_wakes);
  text.one_counter("ingress_access_log_lost_lines_total", "Lines of the access log that its file did not take.",
                   facts.counts.lost_access_lines);
  text.one_counter("ingress_store_commits_total", "Transactions that were committed to the database.", facts.commits);
  text.counter("ingress_certificate_orders_total", "Orders of certificates by ACME, by how they ended.");
  text.sample({{"result", "issued"}}, facts.orders.issued);
  text.sample({{"result", "failed"}}, facts.orders.failed);
  text.gauge("ingress_build_info", "1, with the version as a label.");
  text.sample({{"version", facts.version}}, uint64_t{1});
}

void write_process(MetricsText& text, const uv::ProcessUsage& usage) {
  text.counter("process_cpu_seconds_total", "CPU time of all threads.");
  text.sample({}, usage.cpu_seconds);
  text.one_gauge("process_resident_memory_bytes", "Resident memory.", usage.resident_bytes);
  text.one_gauge("process_virtual_memory_bytes", "Virtual memory.", usage.virtual_bytes);
  text.one_gauge("process_open_fds", "Open file descriptors.", usage.open_descriptors);
  text.one_gauge("process_max_fds", "File descriptors that may be open.", usage.most_descriptors);
  text.gauge("process_start_time_seconds", "When the process started, in Unix time.");
  text.sample({}, usage.started_at);
}

}  // namespace

std::string metrics_of(const LoopList& loops, const BrokerFacts& facts) {
  const TrafficCounts traffic = traffic_of(loops);
  MetricsText text;
  write_requests(text, traffic);
  write_times(text, traffic);
  write_flow(text, loops, traffic);
  write_connections(text, loops);
  write_tunnels(text, loops);
  write_loops(text, loops);
  write_broker(text, facts);
  return std::move(text).take();
}

std::string certificate_metrics_of(const std::vector<tls::Certificate>& certificates, int64_t now) {
  MetricsText text;
  text.gauge("ingress_certificate_expiry_seconds",
             "How long each certificate of --tls-dir is still good; below 0 where it has ended.");
  for (const tls::Certificate& certificate : certificates) {
    const std::string file = std::filesystem::path(certificate.path).stem().string();
    text.sample({{"file", file}, {"name", certificate.names.empty() ? file : certificate.names.front()}},
                static_cast<double>(certificate.expires_at - now));
  }
  return std::move(text).take();
}

void Metrics::add_to(Router& router) {
  // Whatever query a scraper is set to add.
  router.add(
      "GET", "/metrics", [this](const RequestPtr& request, const Reply& reply) { show(request, reply); },
      Audience::kBroker, Takes::kQuery);
}

void Metrics::show(const RequestPtr&, const Reply& reply) {
  api_.with_counts([this, reply](const LoopList& loops) {
    const AdminParts& parts = api_.parts();
    BrokerFacts facts{parts.version, parts.loops->broker_counts(), commits_};
    if (parts.desk != nullptr) facts.orders = parts.desk->counts();
    std::string certificates;
    if (parts.certificates != nullptr) {
      certificates = certificate_metrics_of(parts.certificates->certificates(), unix_seconds());
    }
    MetricsText process;
    write_process(process, uv::process_usage());
    reply({200, kMetricsType, metrics_of(loops, facts) + certificates + std::move(process).take(), {}});
  });
}

}  // namespace ingress::broker::admin
