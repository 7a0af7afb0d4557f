#include "broker/admin/projects.h"

#include "broker/admin/object_reader.h"
#include "broker/admin/page.h"
#include "broker/admin/record_json.h"

namespace ingress::broker::admin {
namespace {

void read_settings(ObjectReader& in, Project& project) {
  in.integer("defaultPort", project.default_port);
  in.boolean("suspended", project.suspended);
  in.policy("policy", project.policy);
  in.object("metadata", project.metadata);
  in.object("limits", project.limits);
  in.boolean("wildcardCertificate", project.wildcard_certificate);
}

// 404 for who may not see it; 412 where If-Match names another state of it.
std::optional<Answer> check_project_tag(Editor& editor, const Request& request) {
  if (!sees(editor.role(), request.params[0])) return not_found("project", request.params[0]);
  const std::optional<Project> project = editor.tables().project(request.params[0]);
  return check_if_match(request, project ? std::optional(project_json(*project).closed()) : std::nullopt);
}

// `after` gets the project as the change leaves it: later ones of the same transaction are not its matter.
std::optional<Answer> put_project(Editor& editor, Change change, const std::string& slug, Project& after) {
  if (auto refused = editor.put(std::move(change))) return refused;
  if (std::optional<Project> project = editor.tables().project(slug)) after = std::move(*project);
  return std::nullopt;
}

}  // namespace

void Projects::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/projects";
  constexpr std::string_view kOne = "/v1/projects/{slug}";
  constexpr std::string_view kMachine = "/v1/projects/{slug}/machine";
  router.add(
      "GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); }, Audience::kProjects,
      Takes::kQuery);
  router.add(
      "GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); }, Audience::kProjects);
  api_.add_change(router, "POST", kAll, [this](const RequestPtr& request) { return create(request); });
  api_.add_change(router, "PATCH", kOne, [this](const RequestPtr& request) { return update(request); });
  api_.add_change(router, "DELETE", kOne, [this](const RequestPtr& request) { return remove(request); });
  api_.add_change(router, "PUT", kMachine, [this](const RequestPtr& request) { return attach(request); });
  api_.add_change(router, "DELETE", kMachine, [this](const RequestPtr& request) { return detach(request); });
}

std::string Projects::show(const Project& project) const {
  JsonObject object = project_json(project);
  api_.add_hosts(object, api_.under_domains(project.slug));
  return std::move(object).take();
}

Answer Projects::shown(const Project& project) const {
  return resource_answer(200, show(project), project_json(project).closed());
}

void Projects::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  RowFilter filter;
  filter.machine = query.text("machine");
  filter.visible_to = request->role.project;
  if (const auto bad = query.finish()) return reply(*bad);
  api_.read<std::vector<Project>>(
      reply, [page, filter](Tables& tables) { return tables.projects_page(page.cursor, page.asked(), filter); },
      [this, page](const std::vector<Project>& rows) {
        return page_answer(
            rows, page, [](const Project& project) -> const std::string& { return project.slug; },
            [this](const Project& project) { return show(project); });
      });
}

tl::expected<Operation, Answer> Projects::create(const RequestPtr& request) {
  Project project;
  project.created_at = unix_seconds();
  ObjectReader in(request->body);
  in.required("slug", project.slug);
  in.text_or_null("machine", project.machine);
  read_settings(in, project);
  if (auto bad = in.finish()) return tl::unexpected(std::move(*bad));
  const auto after = std::make_shared<Project>();
  return Operation{[project, after](Editor& editor) {
                     return put_project(editor, PutProject{project, true}, project.slug, *after);
                   },
                   [this, after] {
                     return created_answer("/v1/projects/" + after->slug, show(*after), project_json(*after).closed());
                   }};
}

void Projects::get(const RequestPtr& request, const Reply& reply) {
  const std::string& slug = request->params[0];
  const Project* project = sees(request->role, slug) ? api_.index().project(slug) : nullptr;
  reply(project == nullptr ? not_found("project", slug) : shown(*project));
}

tl::expected<Operation, Answer> Projects::update(const RequestPtr& request) {
  const auto after = std::make_shared<Project>();
  return Operation{[request, after](Editor& editor) -> std::optional<Answer> {
                     std::optional<Project> project = editor.tables().project(request->params[0]);
                     if (!project || !sees(editor.role(), project->slug))
                       return not_found("project", request->params[0]);
                     if (auto changed = check_if_match(*request, project_json(*project).closed())) return changed;
                     ObjectReader in(request->body);
                     read_settings(in, *project);
                     if (auto bad = in.finish()) return bad;
                     return put_project(editor, PutProject{std::move(*project), false}, request->params[0], *after);
                   },
                   [this, after] { return shown(*after); }};
}

tl::expected<Operation, Answer> Projects::remove(const RequestPtr& request) {
  return Operation{[request](Editor& editor) -> std::optional<Answer> {
                     if (auto changed = check_project_tag(editor, *request)) return changed;
                     return editor.put(DeleteProject{request->params[0]});
                   },
                   no_content};
}

tl::expected<Operation, Answer> Projects::attach(const RequestPtr& request) {
  std::string machine;
  ObjectReader in(request->body);
  in.required("machine", machine);
  if (in.has("machine") && machine.empty()) in.refuse("machine", "is empty; DELETE detaches");
  if (auto bad = in.finish()) return tl::unexpected(std::move(*bad));
  const auto after = std::make_shared<Project>();
  return Operation{[request, machine, after](Editor& editor) -> std::optional<Answer> {
                     if (auto changed = check_project_tag(editor, *request)) return changed;
                     return put_project(editor, AttachMachine{request->params[0], machine}, request->params[0], *after);
                   },
                   [this, after] { return shown(*after); }};
}

tl::expected<Operation, Answer> Projects::detach(const RequestPtr& request) {
  return Operation{[request](Editor& editor) -> std::optional<Answer> {
                     if (auto changed = check_project_tag(editor, *request)) return changed;
                     return editor.put(AttachMachine{request->params[0], ""});
                   },
                   no_content};
}

}  // namespace ingress::broker::admin
