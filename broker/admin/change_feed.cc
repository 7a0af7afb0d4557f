#include "broker/admin/change_feed.h"

#include "broker/admin/record_json.h"

namespace ingress::broker::admin {
namespace {

constexpr int kRows = 100;  // at a time

}  // namespace

std::vector<ChangeRow> changes_for(const Role& role, Tables& tables, int64_t since, int limit) {
  if (role.kind == RoleKind::kProject) return tables.changes_of_project(role.project, since, limit);
  return tables.changes_since(since, limit);
}

void ChangeFeed::start(BodySink& sink) {
  sink_ = &sink;
  heartbeat_ = std::make_unique<Heartbeat>(*api_.parts().loop, sink);
  sink.write(":\n\n");
  read_on();
}

void ChangeFeed::committed() {
  behind_ = true;
  read_on();
}

void ChangeFeed::read_on() {
  if (sink_ == nullptr || reading_ || !behind_ || sink_->congested()) return;
  reading_ = true;
  behind_ = false;
  // A read that fails ends the body: who follows comes again, from where it was.
  const Reply failed = [watch = weak_from_this()](const Answer&) {
    if (const std::shared_ptr<ChangeFeed> feed = watch.lock()) feed->sink_->end();
  };
  api_.ask<std::vector<ChangeRow>>(
      failed,
      [request = request_, since = since_](Tables& tables) { return changes_for(request->role, tables, since, kRows); },
      [watch = weak_from_this()](const std::vector<ChangeRow>& rows) {
        if (const std::shared_ptr<ChangeFeed> feed = watch.lock()) feed->on_rows(rows);
      });
}

void ChangeFeed::on_rows(const std::vector<ChangeRow>& rows) {
  reading_ = false;
  if (!api_.still_admits(*request_)) return sink_->end();
  std::string text;
  for (const ChangeRow& row : rows) text += event_text("change", change_json(row).closed(), row.revision);
  sink_->write(text);
  if (!rows.empty()) since_ = rows.back().revision;
  behind_ = behind_ || rows.size() == kRows;
  read_on();
}

}  // namespace ingress::broker::admin
