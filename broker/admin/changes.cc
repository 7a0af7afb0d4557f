#include "broker/admin/changes.h"

#include <algorithm>
#include <charconv>
#include <climits>
#include <optional>
#include <vector>

#include "broker/admin/page.h"
#include "broker/admin/record_json.h"
#include "broker/store/undo.h"

namespace ingress::broker::admin {
namespace {

std::optional<int64_t> read_revision(std::string_view text) {
  int64_t revision = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), revision);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || revision < 0) return std::nullopt;
  return revision;
}

// A project's token sees what happened since the project that has the slug now was made.
bool shows(const Role& role, Tables& tables, const ChangeRow& row) {
  if (!sees(role, row.project)) return false;
  return role.kind != RoleKind::kProject || row.revision >= tables.beginning_of(role.project);
}

// 404 would be about the change that is to be undone, which is there.
Answer about_the_change(const Answer& refused, int64_t revision) {
  if (refused.status != 404) return refused;
  return problem(
      409, "conflict",
      "revision " + std::to_string(revision) + " cannot be undone: something that its row names is not there any more");
}

// Of what an undoing made: the change of that very row, which may have others before it, or behind.
ChangeRow row_about(const std::string& subject, const std::vector<ChangeRow>& rows) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&subject](const ChangeRow& row) { return row.subject == subject; });
  if (found != rows.end()) return *found;
  return rows.empty() ? ChangeRow() : rows.front();
}

}  // namespace

void Changes::add_to(Router& router) {
  router.add(
      "GET", "/v1/changes",
      [this](const RequestPtr& request, const Reply& reply) {
        request->wants_events ? follow(request, reply) : list(request, reply);
      },
      Audience::kProjects, Takes::kQuery);
  api_.add_change(router, "POST", "/v1/changes/{revision}/undo",
                  [](const RequestPtr& request) { return undo(request); });
}

// {"items":[…],"next":REVISION}: `next` is what to say as `since` to go on (or as `before`, which reads backwards),
// there even where nothing came.
void Changes::list(const RequestPtr& request, const Reply& reply) {
  constexpr int64_t kUsualRows = 100;
  QueryReader query(request->target);
  const int64_t since = query.integer("since", 0, 0, INT64_MAX);
  const int64_t before = query.integer("before", 0, 1, INT64_MAX);
  const auto limit = static_cast<int>(query.integer("limit", kUsualRows, 1, kMaxPageRows));
  if (const auto bad = query.finish()) return reply(*bad);
  if (since != 0 && before != 0) {
    return reply(problem(400, "invalid_argument", "\"since\" reads forwards and \"before\" backwards: say one"));
  }
  api_.read<std::vector<ChangeRow>>(
      reply,
      [since, before, limit, role = request->role](Tables& tables) {
        return before == 0 ? changes_for(role, tables, since, limit)
                           : tables.changes_before(role.project, before, limit);
      },
      [since = std::max(since, before)](const std::vector<ChangeRow>& rows) {
        JsonArray items;
        for (const ChangeRow& row : rows) items.add(change_json(row).closed());
        JsonObject object;
        object.raw("items", std::move(items).take());
        object.number("next", rows.empty() ? since : rows.back().revision);
        return json_answer(200, std::move(object).take());
      });
}

// Answers the change that takes the other back.
tl::expected<Operation, Answer> Changes::undo(const RequestPtr& request) {
  const std::optional<int64_t> revision = read_revision(request->params[0]);
  if (!revision) return tl::unexpected(not_found("change", request->params[0]));
  const auto made = std::make_shared<ChangeRow>();
  return Operation{[request, revision, made](Editor& editor) -> std::optional<Answer> {
                     Tables& tables = editor.tables();
                     const std::optional<ChangeRow> row = tables.change(*revision);
                     if (!row || !shows(editor.role(), tables, *row)) return not_found("change", request->params[0]);
                     tl::expected<Change, StoreError> inverse = inverse_of(*row, tables);
                     if (!inverse) return problem_of(inverse.error());
                     const int64_t head = tables.head();
                     if (auto refused = editor.put(std::move(*inverse))) return about_the_change(*refused, *revision);
                     *made = row_about(row->subject, tables.changes_since(head, INT_MAX));
                     return std::nullopt;
                   },
                   [made] { return json_answer(200, change_json(*made).closed()); }};
}

// Who comes again says by Last-Event-ID where it was; that is stronger than the `since` that it first came with.
void Changes::follow(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  int64_t since = query.integer("since", 0, 0, INT64_MAX);
  if (const auto bad = query.finish()) return reply(*bad);
  if (!request->last_event_id.empty()) {
    const std::optional<int64_t> last = read_revision(request->last_event_id);
    if (!last) return reply(problem(400, "invalid_argument", "Last-Event-ID is not a revision"));
    since = *last;
  }
  std::unique_ptr<FollowerCount::Place> place = followers_.take(request->role);
  if (place == nullptr) {
    return reply(problem(503, "too_many_listeners", "as many follow the changes as may"));
  }
  reply(event_stream_answer(std::make_shared<ChangeFeed>(api_, feeds_, std::move(place), request, since)));
}

void Changes::committed() {
  const std::vector<ChangeFeed*> all(feeds_.begin(), feeds_.end());
  for (ChangeFeed* feed : all) {
    if (feeds_.contains(feed)) feed->committed();
  }
}

}  // namespace ingress::broker::admin
