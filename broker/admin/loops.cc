#include "broker/admin/loops.h"

#include <utility>

namespace ingress::broker::admin {
namespace {

std::string loop_json(size_t number, const LoopCounts& counts) {
  JsonObject object;
  object.number("loop", static_cast<int64_t>(number));
  object.number("clients", static_cast<int64_t>(counts.clients));
  object.number("machines", static_cast<int64_t>(counts.machines));
  object.number("tunnels", static_cast<int64_t>(counts.tunnels));
  object.number("parked", static_cast<int64_t>(counts.parked));
  object.number("streams", static_cast<int64_t>(counts.streams));
  object.number("crossingStreams", static_cast<int64_t>(counts.crossing_streams));
  return std::move(object).take();
}

}  // namespace

void Loops::add_to(Router& router) {
  router.add("GET", "/v1/loops", [this](const RequestPtr& request, const Reply& reply) { list(request, reply); });
}

void Loops::list(const RequestPtr&, const Reply& reply) {
  api_.with_counts([reply](const std::vector<LoopCounts>& counts) {
    JsonArray items;
    for (size_t number = 0; number < counts.size(); ++number) items.add(loop_json(number, counts[number]));
    JsonObject object;
    object.raw("items", std::move(items).take());
    object.null("next");
    reply(json_answer(200, std::move(object).take()));
  });
}

}  // namespace ingress::broker::admin
