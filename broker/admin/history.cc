#include "broker/admin/history.h"

#include "broker/admin/histogram_json.h"

namespace ingress::broker::admin {
namespace {

std::string step_json(const TrafficHistory::Step& step) {
  JsonObject object;
  object.number("at", step.at);
  object.number("ms", step.ms);
  object.raw("requests", counts_json<uint32_t>(step.requests));
  object.raw("firstByteCounts", counts_json<uint32_t>(step.first_byte));
  object.number("bytesIn", static_cast<int64_t>(step.bytes_in));
  object.number("bytesOut", static_cast<int64_t>(step.bytes_out));
  object.number("open", step.open);
  object.number("parked", step.parked);
  object.number("clients", step.clients);
  object.number("machines", step.machines);
  object.number("tunnels", step.tunnels);
  return std::move(object).take();
}

}  // namespace

History::History(Api& api) : api_(api), timer_(*api.parts().loop, [this] { look(); }) {
  timer_.start(Duration{0}, kStep);
  timer_.unref();
}

void History::look() {
  api_.with_counts([this](const std::vector<LoopCounts>& loops) { steps_.take(loops, unix_milliseconds()); });
}

void History::add_to(Router& router) {
  router.add(
      "GET", "/v1/history", [this](const RequestPtr& request, const Reply& reply) { reply(show(request)); },
      Audience::kBroker, Takes::kQuery);
}

// Steps that ended after `since`, the oldest first.
Answer History::show(const RequestPtr& request) const {
  QueryReader query(request->target);
  const int64_t since = query.integer("since", 0, 0, INT64_MAX);
  if (auto bad = query.finish()) return std::move(*bad);
  JsonArray items;
  for (const TrafficHistory::Step& step : steps_.steps()) {
    if (step.at > since) items.add(step_json(step));
  }
  JsonObject object;
  object.raw("items", std::move(items).take());
  object.null("next");
  object.number("stepMs", kStep.count());
  object.raw("firstByteBoundsMs", bounds_json());
  return json_answer(200, std::move(object).take());
}

}  // namespace ingress::broker::admin
