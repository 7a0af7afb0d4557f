#include "broker/admin/exchanges.h"

#include <algorithm>
#include <utility>

#include "common/base/lower_case.h"

namespace ingress::broker::admin {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool read_status_filter(const std::string& text, ExchangeFilter& filter) {
  if (text.empty()) return true;
  if (text.size() != 3 || text[0] < '1' || text[0] > '5') return false;
  if (text.ends_with("xx")) {
    filter.least_status = (text[0] - '0') * 100;
    filter.most_status = filter.least_status + 99;
    return true;
  }
  if (!is_digit(text[1]) || !is_digit(text[2])) return false;
  filter.least_status = filter.most_status = std::stoi(text);
  return true;
}

ExchangeFeed::ExchangeFeed(const AdminParts& parts, ExchangeFilter filter, bool heads,
                           std::unique_ptr<FollowerCount::Place> place)
    : parts_(parts), filter_(std::move(filter)), heads_(heads), place_(std::move(place)) {}

ExchangeFeed::~ExchangeFeed() {
  if (tap_ != nullptr) parts_.loops->remove_tap(tap_);
}

void ExchangeFeed::start(BodySink& sink) {
  sink_ = &sink;
  heartbeat_ = std::make_unique<Heartbeat>(*parts_.loop, sink);
  const auto on_some = [loop = parts_.loop, watch = weak_from_this()] {
    loop->post([watch] {
      if (const std::shared_ptr<ExchangeFeed> feed = watch.lock()) feed->pass_on();
    });
  };
  tap_ = std::make_shared<ExchangeTap>(std::move(filter_), on_some, heads_);
  parts_.loops->add_tap(tap_);
  sink.write(":\n\n");  // it listens now
}

// What comes while the client is congested waits in the tap, as far as there is room.
void ExchangeFeed::pass_on() {
  if (sink_->congested()) return;
  const ExchangeTap::Taken taken = tap_->take();
  sink_->write(taken.events);
  if (taken.lost > 0) sink_->write(event_text("lost", "{\"lost\":" + std::to_string(taken.lost) + "}"));
}

void Exchanges::add_to(Router& router) {
  router.add(
      "GET", "/v1/exchanges", [this](const RequestPtr& request, const Reply& reply) { listen(request, reply); },
      Audience::kProjects, Takes::kQuery);
}

void Exchanges::listen(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  ExchangeFilter filter;
  filter.host = lower_case(query.text("host"));
  filter.machine = query.text("machine");
  filter.project = query.text("project");
  filter.method = query.text("method");
  const std::string status = query.text("status");
  const bool heads = query.integer("headers", 0, 0, 1) == 1;
  if (const auto bad = query.finish()) return reply(*bad);
  if (!read_status_filter(status, filter)) {
    return reply(problem(400, "invalid_argument", "query value \"status\" is a status as 404, or a class as 5xx"));
  }
  // A project's token hears of what came by the project's names.
  if (!filter.project.empty() && !sees(request->role, filter.project)) {
    return reply(not_found("project", filter.project));
  }
  if (request->role.kind == RoleKind::kProject) filter.project = request->role.project;
  std::unique_ptr<FollowerCount::Place> place = listeners_.take(request->role);
  if (place == nullptr) {
    return reply(problem(503, "too_many_listeners", "as many listen to exchanges as may"));
  }
  reply(event_stream_answer(std::make_shared<ExchangeFeed>(api_.parts(), std::move(filter), heads, std::move(place))));
}

}  // namespace ingress::broker::admin
