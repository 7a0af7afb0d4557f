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

// What its tag is of.
std::string tagged_text(const Machine& machine, const Role& role) {
  return machine_json(seen_by(role, machine)).closed();
}

}  // namespace

void Machines::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/machines";
  constexpr std::string_view kOne = "/v1/machines/{id}";
  router.add(
      "GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); }, Audience::kProjects,
      Takes::kQuery);
  router.add(
      "GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); }, Audience::kProjects);
  api_.add_change(router, "POST", kAll, [this](const RequestPtr& request) { return create(request); });
  api_.add_change(router, "PATCH", kOne, [this](const RequestPtr& request) { return update(request); });
  api_.add_change(router, "DELETE", kOne, [this](const RequestPtr& request) { return remove(request); });
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

std::string Machines::show(const Machine& machine, const Role& role) const {
  JsonObject object = machine_json(seen_by(role, machine));
  object.boolean("connected", api_.parts().loops->connected(machine.id));
  object.raw("activity", activity(machine));
  object.raw("listening", listening(machine));
  api_.add_hosts(object, api_.index().hosts_of(machine.id, role.project, unix_seconds()));
  return std::move(object).take();
}

void Machines::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  RowFilter filter;
  filter.owner = query.text("owner");
  filter.visible_to = request->role.project;
  if (const auto bad = query.finish()) return reply(*bad);
  api_.read<std::vector<Machine>>(
      reply, [page, filter](Tables& tables) { return tables.machines_page(page.cursor, page.asked(), filter); },
      [this, page, request](const std::vector<Machine>& rows) {
        return page_answer(
            rows, page, [](const Machine& machine) -> const std::string& { return machine.id; },
            [this, request](const Machine& machine) { return show(machine, request->role); });
      });
}

tl::expected<Operation, Answer> Machines::create(const RequestPtr& request) {
  Machine machine;
  machine.created_at = unix_seconds();
  machine.owner = request->role.project;
  ObjectReader in(request->body);
  if (!in.has("id")) machine.id = new_id("mach_");
  in.text("id", machine.id);
  read_settings(in, machine);
  in.refuse_over(machine.created_at, machine.expires_at);
  if (auto bad = in.finish()) return tl::unexpected(std::move(*bad));
  return Operation{[machine](Editor& editor) {
                     return editor.put(PutMachine{machine, true});
                   },
                   [this, request, machine] {
                     return created_answer("/v1/machines/" + machine.id, show(machine, request->role),
                                           tagged_text(machine, request->role));
                   }};
}

void Machines::get(const RequestPtr& request, const Reply& reply) {
  using Found = std::optional<Machine>;
  api_.read<Found>(
      reply,
      [request](Tables& tables) {
        Found machine = tables.machine(request->params[0]);
        return machine && sees(request->role, tables, *machine) ? machine : std::nullopt;
      },
      [this, request](const Found& machine) {
        if (!machine) return not_found("machine", request->params[0]);
        return resource_answer(200, show(*machine, request->role), tagged_text(*machine, request->role));
      });
}

tl::expected<Operation, Answer> Machines::update(const RequestPtr& request) {
  const auto after = std::make_shared<Machine>();
  return Operation{[request, after](Editor& editor) -> std::optional<Answer> {
                     std::optional<Machine> machine = editor.tables().machine(request->params[0]);
                     if (!machine || !sees(editor.role(), editor.tables(), *machine))
                       return not_found("machine", request->params[0]);
                     if (auto changed = check_if_match(*request, tagged_text(*machine, editor.role()))) return changed;
                     ObjectReader in(request->body);
                     read_settings(in, *machine);
                     if (auto bad = in.finish()) return bad;
                     *after = *machine;
                     return editor.put(PutMachine{std::move(*machine), false});
                   },
                   [this, request, after] {
                     return resource_answer(200, show(*after, request->role), tagged_text(*after, request->role));
                   }};
}

tl::expected<Operation, Answer> Machines::remove(const RequestPtr& request) {
  return Operation{[request](Editor& editor) -> std::optional<Answer> {
                     const std::optional<Machine> machine = editor.tables().machine(request->params[0]);
                     if (machine && !sees(editor.role(), editor.tables(), *machine))
                       return not_found("machine", request->params[0]);
                     const auto record = machine ? std::optional(tagged_text(*machine, editor.role())) : std::nullopt;
                     if (auto changed = check_if_match(*request, record)) return changed;
                     return editor.put(DeleteMachine{request->params[0]});
                   },
                   no_content};
}

}  // namespace ingress::broker::admin
