#include "broker/admin/routes.h"

#include "broker/admin/object_reader.h"
#include "broker/admin/page.h"
#include "broker/admin/record_json.h"
#include "broker/routing/pattern.h"

namespace ingress::broker::admin {
namespace {

void read_pattern(ObjectReader& in, RoutePattern& pattern) {
  std::string text;
  std::string sentence;
  in.required("pattern", text);
  Pattern read;
  if (in.good() && !read_pattern(text, read, sentence)) in.refuse("pattern", "is refused: " + sentence);
  pattern.pattern = std::move(read.shape);
  pattern.text = std::move(read.text);
  if (!in.has("target")) in.refuse("target", "is missing");
  in.object("target", [&pattern](ObjectReader& target) {
    target.text("machine", pattern.target.machine);
    target.text("project", pattern.target.project);
    target.text("service", pattern.target.service);
    target.integer("port", pattern.target.port);
  });
  in.policy("policy", pattern.policy);
}

// What a caller may say of a route, but for its id. `overwrite` is how a conflict is dealt with.
void read_settings(ObjectReader& in, Route& route, bool& overwrite) {
  std::vector<RoutePattern> patterns;
  in.objects("patterns", [&patterns](ObjectReader& each) { read_pattern(each, patterns.emplace_back()); });
  if (in.has("patterns")) route.patterns = std::move(patterns);
  in.text_or_null("externalId", route.external_id);
  in.object("metadata", route.metadata);
  in.text_or_null("owner", route.owner);
  in.expiry(unix_seconds(), route.expires_at);
  std::string on_conflict = "fail";
  in.text("onConflict", on_conflict);
  if (on_conflict != "fail" && on_conflict != "overwrite") {
    in.refuse("onConflict", "is neither \"fail\" nor \"overwrite\"");
  }
  if (route.patterns.empty()) in.refuse("patterns", "needs one pattern at least");
  overwrite = on_conflict == "overwrite";
}

const Route* find_route(const Snapshot& snapshot, const std::string& id) {
  return find_row(snapshot.routes, [&id](const Route& row) { return row.id == id; });
}

}  // namespace

void Routes::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/routes";
  constexpr std::string_view kOne = "/v1/routes/{id}";
  router.add("GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); });
  router.add("POST", kAll, [this](const RequestPtr& request, const Reply& reply) { create(request, reply); });
  router.add("GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); });
  router.add("PATCH", kOne, [this](const RequestPtr& request, const Reply& reply) { update(request, reply); });
  router.add("DELETE", kOne, [this](const RequestPtr& request, const Reply& reply) { remove(request, reply); });
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
  const std::string external_id = query.text("externalId");
  if (const auto bad = query.finish()) return reply(*bad);
  api_.with_snapshot(reply, [this, page, external_id, reply](const Snapshot& snapshot) {
    reply(page_answer(
        snapshot.routes, page, [](const Route& route) -> const std::string& { return route.id; },
        [&external_id](const Route& route) { return external_id.empty() || route.external_id == external_id; },
        [this](const Route& route) { return show(route); }));
  });
}

void Routes::create(const RequestPtr& request, const Reply& reply) {
  Route route;
  bool overwrite = false;
  route.created_at = unix_seconds();
  ObjectReader in(request->body);
  if (!in.has("id")) route.id = new_id("rt_");
  in.text("id", route.id);
  read_settings(in, route, overwrite);
  if (const auto bad = in.finish()) return reply(*bad);
  api_.write(request, reply, {PutRoute{route, true, overwrite}}, [this, route] {
    return created_answer("/v1/routes/" + route.id, show(route), route_json(route).closed());
  });
}

void Routes::get(const RequestPtr& request, const Reply& reply) {
  api_.with_snapshot(reply, [this, request, reply](const Snapshot& snapshot) {
    const Route* route = find_route(snapshot, request->params[0]);
    if (route == nullptr) return reply(not_found("route", request->params[0]));
    reply(resource_answer(200, show(*route), route_json(*route).closed()));
  });
}

void Routes::update(const RequestPtr& request, const Reply& reply) {
  api_.alone(reply, [this, request](const Reply& done) {
    api_.with_snapshot(done, [this, request, done](const Snapshot& snapshot) {
      const Route* current = find_route(snapshot, request->params[0]);
      if (current == nullptr) return done(not_found("route", request->params[0]));
      if (const auto changed = check_if_match(*request, route_json(*current).closed())) return done(*changed);
      Route route = *current;
      bool overwrite = false;
      ObjectReader in(request->body);
      read_settings(in, route, overwrite);
      if (const auto bad = in.finish()) return done(*bad);
      api_.commit(request, done, {PutRoute{route, false, overwrite}},
                  [this, route] { return resource_answer(200, show(route), route_json(route).closed()); });
    });
  });
}

void Routes::remove(const RequestPtr& request, const Reply& reply) {
  const auto record = [id = request->params[0]](const Snapshot& now) {
    return record_where(now.routes, route_json, [&id](const Route& row) { return row.id == id; });
  };
  api_.write_if_matched(request, reply, record, {DeleteRoute{request->params[0]}}, no_content);
}

}  // namespace ingress::broker::admin
