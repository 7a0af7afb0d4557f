#include "broker/admin/router.h"

namespace ingress::broker::admin {
namespace {

bool is_param(std::string_view segment) { return segment.starts_with('{'); }

// What `{…}` took, or nullopt where the path is another one.
std::optional<std::vector<std::string>> match(const std::vector<std::string>& pattern,
                                              const std::vector<std::string>& segments) {
  if (pattern.size() != segments.size()) return std::nullopt;
  std::vector<std::string> params;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (is_param(pattern[i]) && !segments[i].empty()) {
      params.push_back(segments[i]);
    } else if (pattern[i] != segments[i]) {
      return std::nullopt;
    }
  }
  return params;
}

}  // namespace

void Router::add(std::string_view method, std::string_view path_template, Handler handler, Audience audience,
                 Takes takes) {
  entries_.push_back({std::string(method), std::string(path_template), parse_target(path_template)->segments,
                      std::move(handler), nullptr, audience, takes});
}

void Router::add_change(std::string_view method, std::string_view path_template, Planner planner, Handler handler,
                        Takes takes) {
  add(method, path_template, std::move(handler), Audience::kProjects, takes);
  entries_.back().planner = std::move(planner);
}

tl::expected<const Router::Entry*, Answer> Router::find(Request& request) const {
  const std::string_view method = request.method == "HEAD" ? std::string_view("GET") : request.method;
  std::string allowed;
  const Entry* first = nullptr;
  for (const Entry& entry : entries_) {
    std::optional<std::vector<std::string>> params = match(entry.segments, request.target.segments);
    if (!params || (first != nullptr && entry.path_template != first->path_template)) continue;
    first = &entry;
    if (entry.method == method) {
      request.params = std::move(*params);
      return &entry;
    }
    allowed += (allowed.empty() ? "" : ", ") + entry.method;
  }
  if (allowed.empty()) return tl::unexpected(problem(404, "not_found", "there is nothing at " + request.target.path));
  Answer answer = problem(405, "method_not_allowed",
                          request.method + " is not for " + request.target.path + ", which takes " + allowed);
  answer.fields.emplace_back("Allow", allowed);
  return tl::unexpected(std::move(answer));
}

std::optional<Answer> Router::check_query(const Entry& entry, const Request& request) {
  return entry.takes == Takes::kQuery ? std::nullopt : QueryReader(request.target).finish();
}

void Router::dispatch(const std::shared_ptr<Request>& request, const Reply& reply) const {
  const tl::expected<const Entry*, Answer> entry = find(*request);
  if (!entry) return reply(entry.error());
  if (request->role.kind == RoleKind::kProject && (*entry)->audience != Audience::kProjects) {
    return reply(problem(403, "forbidden", "this is not for a project's token"));
  }
  if (const std::optional<Answer> refused = check_query(**entry, *request)) return reply(*refused);
  (*entry)->handler(request, reply);
}

tl::expected<Operation, Answer> Router::plan(const std::shared_ptr<Request>& request) const {
  const tl::expected<const Entry*, Answer> entry = find(*request);
  if (!entry) return tl::unexpected(entry.error());
  if (!(*entry)->planner) {
    return tl::unexpected(
        problem(400, "invalid_argument", request->method + " " + request->target.path + " is no operation of a batch"));
  }
  if (std::optional<Answer> refused = check_query(**entry, *request)) return tl::unexpected(std::move(*refused));
  return (*entry)->planner(request);
}

std::vector<std::string> Router::templates() const {
  std::vector<std::string> result;
  for (const Entry& entry : entries_) result.push_back(entry.method + " " + entry.path_template);
  return result;
}

}  // namespace ingress::broker::admin
