// /metrics: what the broker has and has done, for Prometheus. Never by host: the number of series does not grow with
// what is served. Thread: the loop's.
#pragma once

#include <string>
#include <vector>

#include "broker/acme/certificate_desk.h"
#include "broker/admin/api.h"

namespace ingress::broker::admin {

// What is told beside the loops' counts.
struct BrokerFacts {
  std::string version;
  BrokerCounts counts;
  uint64_t commits = 0;           // of the store, since the start
  acme::OrderCounts orders = {};  // 0 without ACME
};

// Without the process's own metrics. Pure.
std::string metrics_of(const std::vector<LoopCounts>& loops, const BrokerFacts& facts);

// How long each certificate that is served is still good. Pure.
std::string certificate_metrics_of(const std::vector<tls::Certificate>& certificates, int64_t now);

class Metrics {
 public:
  explicit Metrics(Api& api) : api_(api) {}
  void add_to(Router& router);
  // A transaction was committed.
  void committed() { ++commits_; }

 private:
  void show(const RequestPtr& request, const Reply& reply);

  Api& api_;
  uint64_t commits_ = 0;
};

}  // namespace ingress::broker::admin
