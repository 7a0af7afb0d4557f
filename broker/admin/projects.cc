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
}

}  // namespace

void Projects::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/projects";
  constexpr std::string_view kOne = "/v1/projects/{slug}";
  constexpr std::string_view kMachine = "/v1/projects/{slug}/machine";
  router.add("GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); });
  router.add("POST", kAll, [this](const RequestPtr& request, const Reply& reply) { create(request, reply); });
  router.add("GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); });
  router.add("PATCH", kOne, [this](const RequestPtr& request, const Reply& reply) { update(request, reply); });
  router.add("DELETE", kOne, [this](const RequestPtr& request, const Reply& reply) { remove(request, reply); });
  router.add("PUT", kMachine, [this](const RequestPtr& request, const Reply& reply) { attach(request, reply); });
  router.add("DELETE", kMachine, [this](const RequestPtr& request, const Reply& reply) { detach(request, reply); });
}

std::string Projects::show(const Project& project) const {
  JsonObject object = project_json(project);
  api_.add_hosts(object, api_.under_domains(project.slug));
  return std::move(object).take();
}

Answer Projects::show_current(const std::string& slug) const {
  const Project* project = api_.index().project(slug);
  if (project == nullptr) return not_found("project", slug);
  return resource_answer(200, show(*project), project_json(*project).closed());
}

void Projects::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  const std::string machine = query.text("machine");
  if (const auto bad = query.finish()) return reply(*bad);
  api_.with_snapshot(reply, [this, page, machine, reply](const Snapshot& snapshot) {
    reply(page_answer(
        snapshot.projects, page, [](const Project& project) -> const std::string& { return project.slug; },
        [&machine](const Project& project) { return machine.empty() || project.machine == machine; },
        [this](const Project& project) { return show(project); }));
  });
}

void Projects::create(const RequestPtr& request, const Reply& reply) {
  Project project;
  project.created_at = unix_seconds();
  ObjectReader in(request->body);
  in.required("slug", project.slug);
  in.text_or_null("machine", project.machine);
  read_settings(in, project);
  if (const auto bad = in.finish()) return reply(*bad);
  api_.write(request, reply, {PutProject{project, true}}, [this, project] {
    return created_answer("/v1/projects/" + project.slug, show(project), project_json(project).closed());
  });
}

void Projects::get(const RequestPtr& request, const Reply& reply) { reply(show_current(request->params[0])); }

void Projects::update(const RequestPtr& request, const Reply& reply) {
  api_.alone(reply, [this, request](const Reply& done) {
    const Project* current = api_.index().project(request->params[0]);
    if (current == nullptr) return done(not_found("project", request->params[0]));
    if (const auto changed = check_if_match(*request, project_json(*current).closed())) return done(*changed);
    Project project = *current;
    ObjectReader in(request->body);
    read_settings(in, project);
    if (const auto bad = in.finish()) return done(*bad);
    api_.commit(request, done, {PutProject{project, false}},
                [this, slug = project.slug] { return show_current(slug); });
  });
}

void Projects::remove(const RequestPtr& request, const Reply& reply) {
  const auto record = [slug = request->params[0]](const Snapshot& now) {
    return record_where(now.projects, project_json, [&slug](const Project& row) { return row.slug == slug; });
  };
  api_.write_if_matched(request, reply, record, {DeleteProject{request->params[0]}}, no_content);
}

void Projects::attach(const RequestPtr& request, const Reply& reply) {
  const std::string slug = request->params[0];
  std::string machine;
  ObjectReader in(request->body);
  in.required("machine", machine);
  if (in.has("machine") && machine.empty()) in.refuse("machine", "is empty; DELETE detaches");
  if (const auto bad = in.finish()) return reply(*bad);
  api_.write(request, reply, {AttachMachine{slug, machine}}, [this, slug] { return show_current(slug); });
}

void Projects::detach(const RequestPtr& request, const Reply& reply) {
  api_.write(request, reply, {AttachMachine{request->params[0], ""}}, no_content);
}

}  // namespace ingress::broker::admin
