#include "broker/admin/machines.h"

#include <chrono>
#include <optional>

#include "broker/admin/machine_json.h"
#include "broker/admin/object_reader.h"
#include "broker/admin/page.h"
#include "broker/admin/record_json.h"
#include "broker/model/machine_state.h"

namespace ingress::broker::admin {
namespace {

// What a caller may say of a machine, but for its id.
void read_settings(ObjectReader& in, Machine& machine) {
  std::string state(name_of(machine.state));
  in.text("state", state);
  if (const std::optional<MachineState> known = parse_machine_state(state)) {
    machine.state = *known;
  } else {
    in.refuse("state", "is none of starting, active, detached, archived");
  }
  in.integer("defaultPort", machine.default_port);
  in.object("metadata", machine.metadata);
  in.text_or_null("owner", machine.owner);
  in.policy("policy", machine.policy);
  in.expiry(unix_seconds(), machine.expires_at);
}

}  // namespace

void Machines::add_to(Router& router) {
  router.add("GET", "/v1/machines", [this](const RequestPtr& request, const Reply& reply) { list(request, reply); });
  router.add("POST", "/v1/machines", [this](const RequestPtr& request, const Reply& reply) { create(request, reply); });
  router.add("GET", "/v1/machines/{id}",
             [this](const RequestPtr& request, const Reply& reply) { get(request, reply); });
  router.add("PATCH", "/v1/machines/{id}",
             [this](const RequestPtr& request, const Reply& reply) { update(request, reply); });
  router.add("DELETE", "/v1/machines/{id}",
             [this](const RequestPtr& request, const Reply& reply) { remove(request, reply); });
}

// null where no agent is connected that has told.
std::string Machines::listening(const Machine& machine) const {
  const std::optional<MachinePorts> known = api_.parts().book->ports(machine.id);
  if (!known) return "null";
  JsonArray ports;
  for (const MachinePort& port : known->ports) {
    JsonObject object;
    object.number("port", port.number);
    object.text_or_null("process", port.process);
    object.boolean("public", api_.index().port_is_public(machine.id, port.number));
    ports.add(std::move(object).take());
  }
  return std::move(ports).take();
}

// null where it was not connected lately.
std::string Machines::activity(const Machine& machine) const {
  using std::chrono::system_clock;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch());
  const std::optional<MachineActivity> known = api_.parts().book->activity(machine.id, now.count());
  return known ? activity_json(*known) : "null";
}

std::string Machines::show(const Machine& machine) const {
  JsonObject object = machine_json(machine);
  object.boolean("connected", api_.parts().loops->connected(machine.id));
  object.raw("activity", activity(machine));
  object.raw("listening", listening(machine));
  api_.add_hosts(object, api_.index().hosts_of(machine.id));
  return std::move(object).take();
}

void Machines::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  if (const auto bad = query.finish()) return reply(*bad);
  api_.with_snapshot(reply, [this, page, reply](const Snapshot& snapshot) {
    reply(page_answer(
        snapshot.machines, page, [](const Machine& machine) -> const std::string& { return machine.id; },
        [](const Machine&) { return true; }, [this](const Machine& machine) { return show(machine); }));
  });
}

void Machines::create(const RequestPtr& request, const Reply& reply) {
  Machine machine;
  machine.created_at = unix_seconds();
  ObjectReader in(request->body);
  if (!in.has("id")) machine.id = new_id("mach_");
  in.text("id", machine.id);
  read_settings(in, machine);
  if (const auto bad = in.finish()) return reply(*bad);
  api_.write(request, reply, {PutMachine{machine, true}}, [this, machine] {
    return created_answer("/v1/machines/" + machine.id, show(machine), machine_json(machine).closed());
  });
}

void Machines::get(const RequestPtr& request, const Reply& reply) {
  const Machine* machine = api_.index().machine(request->params[0]);
  if (machine == nullptr) return reply(not_found("machine", request->params[0]));
  reply(resource_answer(200, show(*machine), machine_json(*machine).closed()));
}

void Machines::update(const RequestPtr& request, const Reply& reply) {
  api_.alone(reply, [this, request](const Reply& done) {
    const Machine* current = api_.index().machine(request->params[0]);
    if (current == nullptr) return done(not_found("machine", request->params[0]));
    if (const auto changed = check_if_match(*request, machine_json(*current).closed())) return done(*changed);
    Machine machine = *current;
    ObjectReader in(request->body);
    read_settings(in, machine);
    if (const auto bad = in.finish()) return done(*bad);
    api_.commit(request, done, {PutMachine{machine, false}}, [this, machine] {
      if (machine.state == MachineState::kArchived) api_.parts().loops->drop_machine(machine.id);
      return resource_answer(200, show(machine), machine_json(machine).closed());
    });
  });
}

void Machines::remove(const RequestPtr& request, const Reply& reply) {
  const std::string id = request->params[0];
  const auto record = [id](const Snapshot& now) {
    return record_where(now.machines, machine_json, [&id](const Machine& row) { return row.id == id; });
  };
  api_.write_if_matched(request, reply, record, {DeleteMachine{id}}, [this, id] {
    api_.parts().loops->drop_machine(id);
    return no_content();
  });
}

}  // namespace ingress::broker::admin
