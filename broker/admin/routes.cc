#include "broker/admin/routes.h"

#include "broker/admin/object_reader.h"
#include "broker/admin/page.h"
#include "broker/admin/record_json.h"
#include "broker/admin/route_reader.h"
#include "broker/routing/pattern.h"

namespace ingress::broker::admin {

void Routes::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/routes";
  constexpr std::string_view kOne = "/v1/routes/{id}";
  router.add(
      "GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); }, Audience::kProjects,
      Takes::kQuery);
  router.add(
      "GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); }, Audience::kProjects);
  api_.add_change(router, "POST", kAll, [this](const RequestPtr& request) { return create(request); });
  api_.add_change(router, "PATCH", kOne, [this](const RequestPtr& request) { return update(request); });
  api_.add_change(router, "DELETE", kOne, [this](const RequestPtr& request) { return remove(request); });
}

std::string Routes::show(const Route& route) const {
  std::vector<std::string> hosts;
  for (const RoutePattern& pattern : route.patterns) {
    if (is_plain_host(pattern.pattern)) hosts.push_back(pattern.pattern);
  }
  JsonObject object = route_json(route);
  api_.add_hosts(object, hosts);
  return std::move(object).take();
}

void Routes::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  RowFilter filter;
  filter.external_id = query.text("externalId");
  filter.owner = query.text("owner");
  filter.project = query.text("project");
  filter.machine = query.text("machine");
  filter.visible_to = request->role.project;
  const std::string text = query.text("q");
  if (const auto bad = query.finish()) return reply(*bad);
  if (!text.empty()) return search({text, page.cursor, page.limit, std::move(filter)}, reply);
  api_.read<std::vector<Route>>(
      reply, [page, filter](Tables& tables) { return tables.routes_page(page.cursor, page.asked(), filter); },
      [this, page](const std::vector<Route>& rows) {
        return page_answer(
            rows, page, [](const Route& route) -> const std::string& { return route.id; },
            [this](const Route& route) { return show(route); });
      });
}

void Routes::search(const RouteSearch& wanted, const Reply& reply) {
  using Found = std::optional<FoundRoutes>;
  api_.read<Found>(
      reply, [wanted](Tables& tables) { return search_routes(tables, wanted); },
      [this](const Found& found) {
        if (!found) return problem(400, "invalid_argument", "\"cursor\" is not of a search");
        JsonArray items;
        for (const Route& route : found->routes) items.add(show(route));
        JsonObject object;
        object.raw("items", std::move(items).take());
        object.text_or_null("next", found->next);
        return json_answer(200, std::move(object).take());
      });
}

tl::expected<Operation, Answer> Routes::create(const RequestPtr& request) {
  Route route;
  bool overwrite = false;
  route.created_at = unix_seconds();
  route.owner = request->role.project;
  ObjectReader in(request->body);
  if (!in.has("id")) route.id = new_id("rt_");
  in.text("id", route.id);
  read_route_settings(in, route, overwrite);
  in.refuse_over(route.created_at, route.expires_at);
  if (auto bad = in.finish()) return tl::unexpected(std::move(*bad));
  return Operation{
      [route, overwrite](Editor& editor) {
        return editor.put(PutRoute{route, true, overwrite});
      },
      [this, route] { return created_answer("/v1/routes/" + route.id, show(route), route_json(route).closed()); }};
}

void Routes::get(const RequestPtr& request, const Reply& reply) {
  using Found = std::optional<Route>;
  api_.read<Found>(
      reply,
      [request](Tables& tables) {
        Found route = tables.route(request->params[0]);
        return route && sees(request->role, route->owner) ? route : std::nullopt;
      },
      [this, request](const Found& route) {
        if (!route) return not_found("route", request->params[0]);
        return resource_answer(200, show(*route), route_json(*route).closed());
      });
}

tl::expected<Operation, Answer> Routes::update(const RequestPtr& request) {
  const auto after = std::make_shared<Route>();
  return Operation{[request, after](Editor& editor) -> std::optional<Answer> {
                     std::optional<Route> route = editor.tables().route(request->params[0]);
                     if (!route || !sees(editor.role(), route->owner)) return not_found("route", request->params[0]);
                     if (auto changed = check_if_match(*request, route_json(*route).closed())) return changed;
                     bool overwrite = false;
                     ObjectReader in(request->body);
                     read_route_settings(in, *route, overwrite);
                     if (auto bad = in.finish()) return bad;
                     *after = *route;
                     return editor.put(PutRoute{std::move(*route), false, overwrite});
                   },
                   [this, after] { return resource_answer(200, show(*after), route_json(*after).closed()); }};
}

tl::expected<Operation, Answer> Routes::remove(const RequestPtr& request) {
  return Operation{[request](Editor& editor) -> std::optional<Answer> {
                     const std::optional<Route> route = editor.tables().route(request->params[0]);
                     if (route && !sees(editor.role(), route->owner)) return not_found("route", request->params[0]);
                     const auto record = route ? std::optional(route_json(*route).closed()) : std::nullopt;
                     if (auto changed = check_if_match(*request, record)) return changed;
                     return editor.put(DeleteRoute{request->params[0]});
                   },
                   no_content};
}

}  // namespace ingress::broker::admin
