#include "broker/admin/tunnels.h"

#include "broker/admin/page.h"
#include "broker/admin/record_json.h"

namespace ingress::broker::admin {

void Tunnels::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/tunnels";
  constexpr std::string_view kOne = "/v1/tunnels/{id}";
  router.add(
      "GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); }, Audience::kProjects,
      Takes::kQuery);
  router.add(
      "GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); }, Audience::kProjects);
  router.add(
      "DELETE", kOne, [this](const RequestPtr& request, const Reply& reply) { close(request, reply); },
      Audience::kProjects);
}

// A project's token sees the tunnels of the machines that belong to it.
bool Tunnels::seen(const Role& role, const TunnelInfo& tunnel) const {
  if (role.kind != RoleKind::kProject) return true;
  const Machine* machine = api_.index().machine(tunnel.machine);
  return machine != nullptr && machine->owner == role.project;
}

void Tunnels::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  const std::string machine = query.text("machine");
  if (const auto bad = query.finish()) return reply(*bad);
  api_.with_tunnels([this, request, page, machine, reply](const std::vector<TunnelInfo>& tunnels) {
    const auto key = [](const TunnelInfo& tunnel) -> const std::string& { return tunnel.id; };
    const auto wanted = [this, &request, &machine](const TunnelInfo& tunnel) {
      return (machine.empty() || tunnel.machine == machine) && seen(request->role, tunnel);
    };
    reply(page_answer(page_of(tunnels, page, key, wanted), page, key,
                      [](const TunnelInfo& tunnel) { return tunnel_json(tunnel).closed(); }));
  });
}

void Tunnels::with_one(const RequestPtr& request, const Reply& reply, std::function<void(const TunnelInfo&)> on_found) {
  api_.with_tunnels([this, request, reply, on_found = std::move(on_found)](const std::vector<TunnelInfo>& tunnels) {
    for (const TunnelInfo& tunnel : tunnels) {
      if (tunnel.id == request->params[0] && seen(request->role, tunnel)) return on_found(tunnel);
    }
    reply(not_found("tunnel", request->params[0]));
  });
}

void Tunnels::get(const RequestPtr& request, const Reply& reply) {
  with_one(request, reply,
           [reply](const TunnelInfo& tunnel) { reply(json_answer(200, tunnel_json(tunnel).closed())); });
}

void Tunnels::close(const RequestPtr& request, const Reply& reply) {
  with_one(request, reply, [this, request, reply](const TunnelInfo& tunnel) {
    api_.close_tunnel(tunnel.id, [request, reply](bool closed) {
      reply(closed ? no_content() : not_found("tunnel", request->params[0]));
    });
  });
}

}  // namespace ingress::broker::admin
