#include "broker/admin/services.h"

#include "broker/admin/object_reader.h"
#include "broker/admin/page.h"
#include "broker/admin/record_json.h"

namespace ingress::broker::admin {
namespace {

Api::RecordOf record_of(const std::string& project, const std::string& name) {
  return [project, name](const Snapshot& now) {
    return record_where(now.services, service_json,
                        [&](const Service& row) { return row.project == project && row.name == name; });
  };
}

}  // namespace

void Services::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/projects/{slug}/services";
  constexpr std::string_view kOne = "/v1/projects/{slug}/services/{name}";
  router.add("GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); });
  router.add("GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); });
  router.add("PUT", kOne, [this](const RequestPtr& request, const Reply& reply) { put(request, reply); });
  router.add("DELETE", kOne, [this](const RequestPtr& request, const Reply& reply) { remove(request, reply); });
}

// The form that needs no certificate of its own comes first.
std::string Services::show(const Service& service) const {
  std::vector<std::string> hosts = api_.under_domains(service.name + "__" + service.project);
  for (std::string& host : api_.under_domains(service.name + "." + service.project)) hosts.push_back(std::move(host));
  JsonObject object = service_json(service);
  api_.add_hosts(object, hosts);
  return std::move(object).take();
}

void Services::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  if (const auto bad = query.finish()) return reply(*bad);
  const std::string slug = request->params[0];
  if (api_.index().project(slug) == nullptr) return reply(not_found("project", slug));
  api_.with_snapshot(reply, [this, page, slug, reply](const Snapshot& snapshot) {
    reply(page_answer(
        snapshot.services, page, [](const Service& service) -> const std::string& { return service.name; },
        [&slug](const Service& service) { return service.project == slug; },
        [this](const Service& service) { return show(service); }));
  });
}

void Services::get(const RequestPtr& request, const Reply& reply) {
  api_.with_snapshot(reply, [this, request, reply](const Snapshot& snapshot) {
    const Service* service = find_row(snapshot.services, [&request](const Service& row) {
      return row.project == request->params[0] && row.name == request->params[1];
    });
    if (service == nullptr) return reply(not_found("service", request->params[1]));
    reply(resource_answer(200, show(*service), service_json(*service).closed()));
  });
}

void Services::put(const RequestPtr& request, const Reply& reply) {
  Service service;
  service.project = request->params[0];
  service.name = request->params[1];
  ObjectReader in(request->body);
  in.integer("port", service.port);
  if (!in.has("port")) in.refuse("port", "is missing");
  in.text_or_null("machine", service.machine);
  in.policy("policy", service.policy);
  if (const auto bad = in.finish()) return reply(*bad);
  api_.alone(reply, [this, request, service](const Reply& done) {
    api_.if_matched(request, done, record_of(service.project, service.name),
                    [this, request, service, done] { make_or_replace(request, done, service); });
  });
}

// Made if it is not there (201), else replaced (200): the store tells which, without a look at its tables before.
void Services::make_or_replace(const RequestPtr& request, const Reply& done, const Service& service) {
  api_.commit(request, {PutService{service, true}},
              [this, request, service, done](const tl::expected<Commit, StoreError>& made) {
                const std::string record = service_json(service).closed();
                if (made) {
                  return done(created_answer("/v1/projects/" + service.project + "/services/" + service.name,
                                             show(service), record));
                }
                if (made.error().error.code != ErrorCode::kConflict) return done(problem_of(made.error()));
                api_.commit(request, done, {PutService{service, false}},
                            [this, service, record] { return resource_answer(200, show(service), record); });
              });
}

void Services::remove(const RequestPtr& request, const Reply& reply) {
  const std::string project = request->params[0];
  const std::string name = request->params[1];
  api_.write_if_matched(request, reply, record_of(project, name), {DeleteService{project, name}}, no_content);
}

}  // namespace ingress::broker::admin
