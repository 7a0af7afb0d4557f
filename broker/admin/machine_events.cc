#include "broker/admin/machine_events.h"

#include <charconv>
#include <optional>
#include <utility>

#include "broker/admin/machine_json.h"
#include "broker/admin/page.h"

namespace ingress::broker::admin {
namespace {

constexpr size_t kPiece = 32;  // events at a time

std::optional<uint64_t> read_id(std::string_view text) {
  uint64_t id = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), id);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return id;
}

// Attachments of other projects are none of a project's business.
bool concerns(const Role& role, const MachineEvent& event) {
  if (role.kind != RoleKind::kProject || (event.type != "attached" && event.type != "detached")) return true;
  return event.data == project_event_json(role.project);
}

// {"items":[…],"next":ID,"lost":BOOL}: `next` is what to say as `since` to go on, there even where nothing came.
std::string page_json(const Request& request, uint64_t since, const MachineJournal::Page& page) {
  JsonArray items;
  for (const MachineEvent& event : page.events) {
    if (concerns(request.role, event)) items.add(event_json(request.params[0], event));
  }
  JsonObject object;
  object.raw("items", std::move(items).take());
  object.text("next", std::to_string(page.events.empty() ? since : page.events.back().id));
  object.boolean("lost", page.lost);
  return std::move(object).take();
}

}  // namespace

MachineFeed::MachineFeed(Api& api, RequestPtr request, uint64_t since, std::unique_ptr<FollowerCount::Place> place)
    : api_(api), request_(std::move(request)), machine_(request_->params[0]), since_(since), place_(std::move(place)) {}

MachineFeed::~MachineFeed() = default;

void MachineFeed::start(BodySink& sink) {
  sink_ = &sink;
  heartbeat_ = std::make_unique<Heartbeat>(*api_.parts().loop, sink);
  const auto on_event = [loop = api_.parts().loop, watch = weak_from_this()] {
    loop->post([watch] {
      if (const std::shared_ptr<MachineFeed> feed = watch.lock()) feed->pass_on();
    });
  };
  follower_ = std::make_shared<const std::function<void()>>(on_event);
  api_.parts().journal->follow(machine_, follower_);
  sink.write(":\n\n");  // it listens now
  pass_on();
}

// The machine is there, is still the caller's to see, and the caller may still ask.
bool MachineFeed::may_see() const { return api_.still_admits(*request_) && api_.shows(request_->role, machine_); }

void MachineFeed::pass_on() {
  if (sink_ == nullptr) return;
  // With end() this may lose its last reference.
  if (!may_see()) return std::exchange(sink_, nullptr)->end();
  while (!sink_->congested()) {
    const MachineJournal::Page page = api_.parts().journal->read(machine_, since_, kPiece);
    if (page.lost) sink_->write(event_text("lost", "{}"));
    std::string text;
    for (const MachineEvent& event : page.events) {
      since_ = event.id;
      if (!concerns(request_->role, event)) continue;
      text += event_text(event.type, event_json(machine_, event), static_cast<int64_t>(event.id));
    }
    sink_->write(text);
    if (page.events.size() < kPiece) break;
  }
}

void MachineEvents::add_to(Router& router) {
  router.add(
      "GET", "/v1/machines/{id}/events",
      [this](const RequestPtr& request, const Reply& reply) { answer(request, reply); }, Audience::kProjects,
      Takes::kQuery);
}

// Who comes again says by Last-Event-ID where it was; that is stronger than the `since` that it first came with.
void MachineEvents::answer(const RequestPtr& request, const Reply& reply) {
  const std::string& machine = request->params[0];
  QueryReader query(request->target);
  std::string from = query.text("since");
  const auto limit = static_cast<size_t>(query.integer("limit", kMaxPageRows, 1, kMaxPageRows));
  if (const auto bad = query.finish()) return reply(*bad);
  if (!api_.shows(request->role, machine)) return reply(not_found("machine", machine));
  if (request->wants_events && !request->last_event_id.empty()) from = request->last_event_id;
  const std::optional<uint64_t> since = from.empty() ? 0 : read_id(from);
  if (!since) return reply(problem(400, "invalid_argument", "\"since\" (or Last-Event-ID) is not an event's id"));
  if (!request->wants_events) {
    return reply(json_answer(200, page_json(*request, *since, api_.parts().journal->read(machine, *since, limit))));
  }
  std::unique_ptr<FollowerCount::Place> place = followers_.take(request->role);
  if (place == nullptr) {
    return reply(problem(503, "too_many_listeners", "as many follow machines as may"));
  }
  reply(event_stream_answer(std::make_shared<MachineFeed>(api_, request, *since, std::move(place))));
}

}  // namespace ingress::broker::admin
