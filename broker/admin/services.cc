#include "broker/admin/services.h"

#include "broker/admin/object_reader.h"
#include "broker/admin/page.h"
#include "broker/admin/record_json.h"

namespace ingress::broker::admin {
namespace {

std::optional<std::string> record_of(Tables& tables, const RequestPtr& request) {
  const std::optional<Service> service = tables.service(request->params[0], request->params[1]);
  if (!service) return std::nullopt;
  return service_json(*service).closed();
}

}  // namespace

void Services::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/projects/{slug}/services";
  constexpr std::string_view kOne = "/v1/projects/{slug}/services/{name}";
  router.add(
      "GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); }, Audience::kProjects,
      Takes::kQuery);
  router.add(
      "GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); }, Audience::kProjects);
  api_.add_change(router, "PUT", kOne, [this](const RequestPtr& request) { return put(request); });
  api_.add_change(router, "DELETE", kOne, [this](const RequestPtr& request) { return remove(request); });
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
  if (api_.index().project(slug) == nullptr || !sees(request->role, slug)) return reply(not_found("project", slug));
  api_.read<std::vector<Service>>(
      reply, [page, slug](Tables& tables) { return tables.services_page(slug, page.cursor, page.asked()); },
      [this, page](const std::vector<Service>& rows) {
        return page_answer(
            rows, page, [](const Service& service) -> const std::string& { return service.name; },
            [this](const Service& service) { return show(service); });
      });
}

void Services::get(const RequestPtr& request, const Reply& reply) {
  using Found = std::optional<Service>;
  if (!sees(request->role, request->params[0])) return reply(not_found("project", request->params[0]));
  api_.read<Found>(
      reply, [request](Tables& tables) { return tables.service(request->params[0], request->params[1]); },
      [this, request](const Found& service) {
        if (!service) return not_found("service", request->params[1]);
        return resource_answer(200, show(*service), service_json(*service).closed());
      });
}

// Made if it is not there (201), else replaced (200).
tl::expected<Operation, Answer> Services::put(const RequestPtr& request) {
  Service service;
  service.project = request->params[0];
  service.name = request->params[1];
  ObjectReader in(request->body);
  in.integer("port", service.port);
  if (!in.has("port")) in.refuse("port", "is missing");
  in.text_or_null("machine", service.machine);
  in.policy("policy", service.policy);
  if (auto bad = in.finish()) return tl::unexpected(std::move(*bad));
  const auto made = std::make_shared<bool>();
  return Operation{[request, service, made](Editor& editor) -> std::optional<Answer> {
                     if (!sees(editor.role(), service.project)) return not_found("project", service.project);
                     const std::optional<std::string> before = record_of(editor.tables(), request);
                     *made = !before;
                     if (auto changed = check_if_match(*request, before)) return changed;
                     return editor.put(PutService{service, false});
                   },
                   [this, service, made] {
                     const std::string record = service_json(service).closed();
                     if (!*made) return resource_answer(200, show(service), record);
                     return created_answer("/v1/projects/" + service.project + "/services/" + service.name,
                                           show(service), record);
                   }};
}

tl::expected<Operation, Answer> Services::remove(const RequestPtr& request) {
  return Operation{[request](Editor& editor) -> std::optional<Answer> {
                     if (!sees(editor.role(), request->params[0])) return not_found("project", request->params[0]);
                     if (auto changed = check_if_match(*request, record_of(editor.tables(), request))) return changed;
                     return editor.put(DeleteService{request->params[0], request->params[1]});
                   },
                   no_content};
}

}  // namespace ingress::broker::admin
