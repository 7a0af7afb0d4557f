#include "broker/admin/domains.h"

#include "broker/admin/object_reader.h"
#include "broker/admin/page.h"
#include "broker/admin/record_json.h"
#include "broker/routing/pattern.h"

namespace ingress::broker::admin {
namespace {

// As it is kept; as it was said where it cannot be a domain, so that nothing is found by it.
std::string normalised(const std::string& name) {
  std::string result;
  std::string sentence;
  return normalise_domain(name, result, sentence) ? result : name;
}

}  // namespace

void Domains::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/domains";
  constexpr std::string_view kOne = "/v1/domains/{name}";
  router.add("GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); });
  router.add("POST", kAll, [this](const RequestPtr& request, const Reply& reply) { add(request, reply); });
  router.add("GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); });
  router.add("DELETE", kOne, [this](const RequestPtr& request, const Reply& reply) { remove(request, reply); });
}

std::string Domains::show(const Domain& domain) const {
  JsonObject object = domain_json(domain);
  api_.add_hosts(object, {domain.name});
  return std::move(object).take();
}

void Domains::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  const std::string project = query.text("project");
  if (const auto bad = query.finish()) return reply(*bad);
  api_.with_snapshot(reply, [this, page, project, reply](const Snapshot& snapshot) {
    reply(page_answer(
        snapshot.domains, page, [](const Domain& domain) -> const std::string& { return domain.name; },
        [&project](const Domain& domain) { return project.empty() || domain.project == project; },
        [this](const Domain& domain) { return show(domain); }));
  });
}

void Domains::add(const RequestPtr& request, const Reply& reply) {
  Domain domain;
  std::string name;
  std::string sentence;
  domain.created_at = unix_seconds();
  ObjectReader in(request->body);
  in.required("name", name);
  if (in.good() && !normalise_domain(name, domain.name, sentence)) in.refuse("name", "is refused: " + sentence);
  in.required("project", domain.project);
  if (const auto bad = in.finish()) return reply(*bad);
  api_.write(request, reply, {PutDomain{domain}}, [this, domain] {
    return created_answer("/v1/domains/" + domain.name, show(domain), domain_json(domain).closed());
  });
}

void Domains::get(const RequestPtr& request, const Reply& reply) {
  api_.with_snapshot(reply, [this, request, reply](const Snapshot& snapshot) {
    const std::string name = normalised(request->params[0]);
    const Domain* domain = find_row(snapshot.domains, [&name](const Domain& row) { return row.name == name; });
    if (domain == nullptr) return reply(not_found("domain", name));
    reply(resource_answer(200, show(*domain), domain_json(*domain).closed()));
  });
}

void Domains::remove(const RequestPtr& request, const Reply& reply) {
  const std::string name = normalised(request->params[0]);
  const auto record = [name](const Snapshot& now) {
    return record_where(now.domains, domain_json, [&name](const Domain& row) { return row.name == name; });
  };
  api_.write_if_matched(request, reply, record, {DeleteDomain{name}}, no_content);
}

}  // namespace ingress::broker::admin
