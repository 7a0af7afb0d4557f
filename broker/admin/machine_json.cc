#include "broker/admin/machine_json.h"

#include <utility>

#include "broker/admin/json_object.h"

namespace ingress::broker::admin {
namespace {

void time_or_null(JsonObject& object, std::string_view name, int64_t unix_ms) {
  unix_ms == 0 ? object.null(name) : object.text(name, time_text_ms(unix_ms));
}

}  // namespace

std::string activity_json(const MachineActivity& activity) {
  JsonObject object;
  object.boolean("active", activity.active);
  time_or_null(object, "lastRequestAt", activity.last_request);
  time_or_null(object, "lastActiveAt", activity.last_active);
  object.number("openExchanges", static_cast<int64_t>(activity.open));
  object.number("interactiveStreams", static_cast<int64_t>(activity.interactive));
  time_or_null(object, "since", activity.since);
  return std::move(object).take();
}

std::string project_event_json(const std::string& project) {
  JsonObject object;
  object.text("project", project);
  return std::move(object).take();
}

std::string event_json(const std::string& machine, const MachineEvent& event) {
  JsonObject object;
  object.text("id", std::to_string(event.id));
  object.text("at", time_text_ms(event.at));
  object.text("type", event.type);
  object.text("machine", machine);
  object.raw("data", event.data);
  return std::move(object).take();
}

}  // namespace ingress::broker::admin
