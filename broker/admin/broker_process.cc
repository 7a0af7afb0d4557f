#include "broker/admin/broker_process.h"

#include <unistd.h>

#include <utility>

namespace ingress::broker::admin {

void BrokerProcess::add_to(Router& router) {
  router.add("GET", "/v1/broker", [this](const RequestPtr& request, const Reply& reply) { show(request, reply); });
  router.add("POST", "/v1/broker/upgrade",
             [this](const RequestPtr& request, const Reply& reply) { upgrade(request, reply); });
}

void BrokerProcess::show(const RequestPtr&, const Reply& reply) {
  JsonObject object;
  object.text("version", api_.parts().version);
  object.number("pid", getpid());
  object.boolean("supervised", api_.parts().ask_for_upgrade != nullptr);
  reply(json_answer(200, std::move(object).take()));
}

// The answer comes before the upgrade does: whoever waits for it looks for another pid.
void BrokerProcess::upgrade(const RequestPtr&, const Reply& reply) {
  if (api_.parts().ask_for_upgrade == nullptr) {
    return reply(problem(409, "conflict", "only a broker under --supervise can be upgraded by its own API"));
  }
  if (!api_.parts().ask_for_upgrade()) return reply(problem(503, "unavailable", "the supervisor cannot be reached"));
  JsonObject object;
  object.number("pid", getpid());
  reply(json_answer(202, std::move(object).take()));
}

}  // namespace ingress::broker::admin
