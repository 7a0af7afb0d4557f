#include "broker/machine_diary.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "broker/admin/json_object.h"
#include "broker/admin/machine_json.h"

namespace ingress::broker {
namespace {

using admin::JsonArray;
using admin::JsonObject;
using std::chrono::system_clock;

int64_t unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count();
}

uint64_t unix_us() {
  const auto now = system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

JsonObject tunnel_data(const TunnelInfo& tunnel) {
  JsonObject data;
  data.text("tunnel", tunnel.id);
  data.number("slot", tunnel.slot);
  data.text("instance", tunnel.instance);
  data.text("peer", tunnel.peer);
  data.text("agentVersion", tunnel.agent_version);
  return data;
}

std::string ports_data(const std::vector<MachinePort>& ports) {
  JsonArray shown;
  for (size_t i = 0; i < std::min(ports.size(), MachineDiary::kMostPorts); ++i) {
    JsonObject port;
    port.number("port", ports[i].number);
    port.text_or_null("process", ports[i].process);
    shown.add(std::move(port).take());
  }
  JsonObject data;
  data.raw("ports", std::move(shown).take());
  data.number("count", static_cast<int64_t>(ports.size()));
  return std::move(data).take();
}

}  // namespace

MachineDiary::MachineDiary() : journal_(unix_us()) {}

void MachineDiary::add(std::string_view machine, const char* type, std::string data) {
  journal_.add(machine, unix_ms(), type, std::move(data));
}

void MachineDiary::tunnel_up(const TunnelInfo& tunnel) {
  book_.instance_came(tunnel.machine, tunnel.instance, unix_ms());
  JsonObject data = tunnel_data(tunnel);
  data.boolean("connected", true);
  add(tunnel.machine, "tunnel_up", std::move(data).take());
}

void MachineDiary::tunnel_down(const TunnelInfo& tunnel, std::string_view reason, bool connected) {
  JsonObject data = tunnel_data(tunnel);
  data.text("reason", reason);
  data.boolean("connected", connected);
  add(tunnel.machine, "tunnel_down", std::move(data).take());
}

void MachineDiary::ports(std::string_view machine, MachinePorts ports) {
  const std::optional<PortChanges> changes = book_.ports_came(machine, std::move(ports));
  if (!changes) return;
  if (!changes->closed.empty()) add(machine, "ports_closed", ports_data(changes->closed));
  if (!changes->opened.empty()) add(machine, "ports_opened", ports_data(changes->opened));
}

void MachineDiary::activity(std::string_view machine, const ActivityNews& news) {
  if (book_.activity_came(machine, news)) add_activity(machine, unix_ms());
}

void MachineDiary::left(std::string_view machine, const LeftStreams& left) {
  const int64_t now = unix_ms();
  if (book_.left_came(machine, left, now)) add_activity(machine, now);
}

void MachineDiary::look_for_idle() {
  const int64_t now = unix_ms();
  for (const std::string& machine : book_.idle(now)) add_activity(machine, now);
}

void MachineDiary::add_activity(std::string_view machine, int64_t now) {
  const std::optional<MachineActivity> activity = book_.activity(machine, now);
  if (activity) add(machine, "activity", admin::activity_json(*activity));
}

void MachineDiary::news(const std::vector<MachineNews>& news) {
  for (const MachineNews& each : news) {
    switch (each.kind) {
      case MachineNews::Kind::kAttached:
        add(each.machine, "attached", admin::project_event_json(each.project));
        break;
      case MachineNews::Kind::kDetached:
        add(each.machine, "detached", admin::project_event_json(each.project));
        break;
      case MachineNews::Kind::kDeleted:
        book_.forget(each.machine);
        journal_.forget(each.machine);
        break;
      case MachineNews::Kind::kTouched:
      case MachineNews::Kind::kEveryTouched:
        break;
    }
  }
}

}  // namespace ingress::broker
