#include "broker/admin/route_transfer.h"

#include <algorithm>

#include "broker/admin/object_reader.h"
#include "broker/admin/page.h"
#include "broker/admin/record_json.h"
#include "broker/admin/route_reader.h"

namespace ingress::broker::admin {
namespace {

constexpr std::string_view kLinesType = "application/x-ndjson";

// A line as POST /v1/routes takes it, or as the export gives it.
std::optional<Answer> read_line(std::string_view line, int64_t now, Route& route, bool& overwrite) {
  route.created_at = now;
  ObjectReader in(line);
  if (!in.has("id")) route.id = new_id("rt_");
  in.text("id", route.id);
  std::string created_at;
  in.text("createdAt", created_at);
  if (!created_at.empty()) {
    const std::optional<int64_t> time = time_of(created_at);
    if (!time) in.refuse("createdAt", "is a time as 2025-01-31T12:00:00Z");
    route.created_at = time.value_or(now);
  }
  read_route_settings(in, route, overwrite);
  return in.finish();
}

std::vector<std::string_view> lines_of(std::string_view body) {
  std::vector<std::string_view> lines;
  while (!body.empty()) {
    const size_t end = std::min(body.find('\n'), body.size());
    const std::string_view line = body.substr(0, end);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) lines.push_back(line);
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return lines;
}

}  // namespace

void RouteTransfer::add_to(Router& router) {
  api_.add_change(
      router, "POST", "/v1/routes/import", [](const RequestPtr& request) { return import(request); }, Takes::kQuery);
  router.add(
      "GET", "/v1/routes/export",
      [this](const RequestPtr& request, const Reply& reply) { export_page(request, reply); }, Audience::kProjects,
      Takes::kQuery);
}

// With onConflict=overwrite a route of the same id is replaced, too. The lines are read on the store's thread: they are
// many, and the loop has clients to serve.
tl::expected<Operation, Answer> RouteTransfer::import(const RequestPtr& request) {
  QueryReader query(request->target);
  const std::string on_conflict = query.text("onConflict");
  if (auto bad = query.finish()) return tl::unexpected(std::move(*bad));
  if (!on_conflict.empty() && on_conflict != "fail" && on_conflict != "overwrite") {
    return tl::unexpected(
        problem(400, "invalid_argument", "query value \"onConflict\" is neither \"fail\" nor \"overwrite\""));
  }
  const bool replaces = on_conflict == "overwrite";
  const auto count = std::make_shared<size_t>();
  return Operation{[request, replaces, count](Editor& editor) -> std::optional<Answer> {
                     const std::vector<std::string_view> lines = lines_of(request->body);
                     if (lines.size() > kMaxLines) {
                       return problem(413, "body_too_large", "a body of an import may have 1000 lines: send several");
                     }
                     const int64_t now = unix_seconds();
                     for (const std::string_view line : lines) {
                       Route route;
                       route.owner = editor.role().project;
                       bool overwrite = false;
                       std::optional<Answer> refused = read_line(line, now, route, overwrite);
                       if (!refused) refused = editor.put(PutRoute{std::move(route), !replaces, overwrite || replaces});
                       if (refused) return with_place(std::move(*refused), "line", *count + 1);
                       ++*count;
                     }
                     return std::nullopt;
                   },
                   [count] {
                     JsonObject object;
                     object.number("imported", static_cast<int64_t>(*count));
                     return json_answer(200, std::move(object).take());
                   }};
}

void RouteTransfer::export_page(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  RowFilter filter;
  filter.owner = query.text("owner");
  filter.visible_to = request->role.project;
  if (const auto bad = query.finish()) return reply(*bad);
  api_.read<std::vector<Route>>(
      reply, [page, filter](Tables& tables) { return tables.routes_page(page.cursor, page.asked(), filter); },
      [page, filter](const std::vector<Route>& rows) {
        Answer answer{200, kLinesType, {}, {}};
        const size_t count = std::min(page.limit, rows.size());
        for (size_t i = 0; i < count; ++i) answer.body += route_json(rows[i]).closed() + "\n";
        if (count < rows.size()) {
          const std::string owner = filter.owner.empty() ? "" : "&owner=" + filter.owner;
          answer.fields.emplace_back("Link", "</v1/routes/export?limit=" + std::to_string(page.limit) + owner +
                                                 "&cursor=" + rows[count - 1].id + ">; rel=\"next\"");
        }
        return answer;
      });
}

}  // namespace ingress::broker::admin
