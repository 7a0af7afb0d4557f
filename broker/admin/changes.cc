#include "broker/admin/changes.h"

#include "broker/admin/page.h"
#include "broker/admin/record_json.h"

namespace ingress::broker::admin {

void Changes::add_to(Router& router) {
  router.add("GET", "/v1/changes", [this](const RequestPtr& request, const Reply& reply) { list(request, reply); });
}

// {"items":[…],"next":REVISION}: `next` is what to say as `since` to go on, there even where nothing came.
void Changes::list(const RequestPtr& request, const Reply& reply) {
  constexpr int64_t kUsualRows = 100;
  QueryReader query(request->target);
  const int64_t since = query.integer("since", 0, 0, INT64_MAX);
  const auto limit = static_cast<int>(query.integer("limit", kUsualRows, 1, kMaxPageRows));
  if (const auto bad = query.finish()) return reply(*bad);
  api_.with_changes(reply, since, limit, [since, reply](const std::vector<ChangeRow>& rows) {
    JsonArray items;
    for (const ChangeRow& row : rows) items.add(change_json(row).closed());
    JsonObject object;
    object.raw("items", std::move(items).take());
    object.number("next", rows.empty() ? since : rows.back().revision);
    reply(json_answer(200, std::move(object).take()));
  });
}

}  // namespace ingress::broker::admin
