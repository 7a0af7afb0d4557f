#include "broker/admin/tunnels.h"

#include "broker/admin/page.h"
#include "broker/admin/record_json.h"

namespace ingress::broker::admin {

void Tunnels::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/tunnels";
  constexpr std::string_view kOne = "/v1/tunnels/{id}";
  router.add("GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); });
  router.add("GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); });
  router.add("DELETE", kOne, [this](const RequestPtr& request, const Reply& reply) { close(request, reply); });
}

void Tunnels::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  const std::string machine = query.text("machine");
  if (const auto bad = query.finish()) return reply(*bad);
  api_.with_tunnels([page, machine, reply](const std::vector<TunnelInfo>& tunnels) {
    reply(page_answer(
        tunnels, page, [](const TunnelInfo& tunnel) -> const std::string& { return tunnel.id; },
        [&machine](const TunnelInfo& tunnel) { return machine.empty() || tunnel.machine == machine; },
        [](const TunnelInfo& tunnel) { return tunnel_json(tunnel).closed(); }));
  });
}

void Tunnels::get(const RequestPtr& request, const Reply& reply) {
  api_.with_tunnels([request, reply](const std::vector<TunnelInfo>& tunnels) {
    const TunnelInfo* tunnel =
        find_row(tunnels, [&request](const TunnelInfo& each) { return each.id == request->params[0]; });
    if (tunnel == nullptr) return reply(not_found("tunnel", request->params[0]));
    reply(json_answer(200, tunnel_json(*tunnel).closed()));
  });
}

void Tunnels::close(const RequestPtr& request, const Reply& reply) {
  api_.close_tunnel(request->params[0], [request, reply](bool closed) {
    reply(closed ? no_content() : not_found("tunnel", request->params[0]));
  });
}

}  // namespace ingress::broker::admin
