#include "broker/admin/router.h"

#include <optional>

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

void Router::add(std::string_view method, std::string_view path_template, Handler handler) {
  entries_.push_back({std::string(method), parse_target(path_template)->segments, std::move(handler)});
}

void Router::dispatch(const std::shared_ptr<Request>& request, const Reply& reply) const {
  const std::string_view method = request->method == "HEAD" ? std::string_view("GET") : request->method;
  std::string allowed;
  for (const Entry& entry : entries_) {
    std::optional<std::vector<std::string>> params = match(entry.segments, request->target.segments);
    if (!params) continue;
    if (entry.method == method) {
      request->params = std::move(*params);
      entry.handler(request, reply);
      return;
    }
    allowed += (allowed.empty() ? "" : ", ") + entry.method;
  }
  if (allowed.empty()) return reply(problem(404, "not_found", "there is nothing at " + request->target.path));
  Answer answer = problem(405, "method_not_allowed",
                          request->method + " is not for " + request->target.path + ", which takes " + allowed);
  answer.fields.emplace_back("Allow", allowed);
  reply(std::move(answer));
}

}  // namespace ingress::broker::admin
