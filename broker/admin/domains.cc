#include "broker/admin/domains.h"

#include "broker/admin/certificates.h"
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
  router.add(
      "GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); }, Audience::kProjects,
      Takes::kQuery);
  router.add(
      "GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); }, Audience::kProjects);
  api_.add_change(router, "POST", kAll, [this](const RequestPtr& request) { return add(request); });
  api_.add_change(router, "DELETE", kOne, [this](const RequestPtr& request) { return remove(request); });
}

std::string Domains::show(const Domain& domain) const {
  JsonObject object = domain_json(domain);
  api_.add_hosts(object, {domain.name});
  object.raw("records", domain_records_json(api_.parts(), domain));
  return std::move(object).take();
}

void Domains::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  RowFilter filter;
  filter.project = query.text("project");
  filter.visible_to = request->role.project;
  if (const auto bad = query.finish()) return reply(*bad);
  api_.read<std::vector<Domain>>(
      reply, [page, filter](Tables& tables) { return tables.domains_page(page.cursor, page.asked(), filter); },
      [this, page](const std::vector<Domain>& rows) {
        return page_answer(
            rows, page, [](const Domain& domain) -> const std::string& { return domain.name; },
            [this](const Domain& domain) { return show(domain); });
      });
}

tl::expected<Operation, Answer> Domains::add(const RequestPtr& request) {
  Domain domain;
  std::string name;
  std::string sentence;
  domain.created_at = unix_seconds();
  domain.project = request->role.project;
  ObjectReader in(request->body);
  in.required("name", name);
  if (in.good() && !normalise_domain(name, domain.name, sentence)) in.refuse("name", "is refused: " + sentence);
  if (domain.project.empty()) {
    in.required("project", domain.project);
  } else {
    in.text("project", domain.project);
  }
  if (auto bad = in.finish()) return tl::unexpected(std::move(*bad));
  return Operation{[domain](Editor& editor) { return editor.put(PutDomain{domain}); },
                   [this, domain] {
                     return created_answer("/v1/domains/" + domain.name, show(domain), domain_json(domain).closed());
                   }};
}

void Domains::get(const RequestPtr& request, const Reply& reply) {
  using Found = std::optional<Domain>;
  const std::string name = normalised(request->params[0]);
  api_.read<Found>(
      reply,
      [request, name](Tables& tables) {
        Found domain = tables.domain(name);
        return domain && sees(request->role, domain->project) ? domain : std::nullopt;
      },
      [this, name](const Found& domain) {
        if (!domain) return not_found("domain", name);
        return resource_answer(200, show(*domain), domain_json(*domain).closed());
      });
}

tl::expected<Operation, Answer> Domains::remove(const RequestPtr& request) {
  return Operation{[request, name = normalised(request->params[0])](Editor& editor) -> std::optional<Answer> {
                     const std::optional<Domain> domain = editor.tables().domain(name);
                     if (domain && !sees(editor.role(), domain->project)) return not_found("domain", name);
                     const auto record = domain ? std::optional(domain_json(*domain).closed()) : std::nullopt;
                     if (auto changed = check_if_match(*request, record)) return changed;
                     return editor.put(DeleteDomain{name});
                   },
                   no_content};
}

}  // namespace ingress::broker::admin
