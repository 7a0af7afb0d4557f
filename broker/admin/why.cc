#include "broker/admin/why.h"

namespace ingress::broker::admin {

void Why::add_to(Router& router) {
  router.add(
      "GET", "/v1/why", [this](const RequestPtr& request, const Reply& reply) { explain(request, reply); },
      Audience::kBroker, Takes::kQuery);
}

void Why::explain(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const std::string host = query.text("host");
  if (const auto bad = query.finish()) return reply(*bad);
  if (host.empty()) return reply(problem(400, "invalid_argument", "query value \"host\" is missing"));
  if (walks_.size() >= kMaxWalks) return reply(problem(429, "rate_limited", "too many of these are under way"));
  const uint64_t id = next_walk_++;
  auto walk = std::make_unique<WhyWalk>(api_.parts(), host, [this, id, reply](const WhyReport& report) {
    const std::unique_ptr<WhyWalk> done = std::move(walks_.extract(id).mapped());
    reply(json_answer(200, report.json()));
  });
  WhyWalk& started = *walk;
  walks_.emplace(id, std::move(walk));
  started.start();
}

}  // namespace ingress::broker::admin
