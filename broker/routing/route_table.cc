#include "broker/routing/route_table.h"

#include <utility>

namespace ingress::broker {

RouteTable::RouteTable(const RoutingOptions& options, WhenPassed when_passed)
    : when_passed_(std::move(when_passed)), first_(options), current_(&first_) {
  if (!when_passed_) return;
  second_ = std::make_unique<RouteIndex>(options);
  standby_ = second_.get();
}

void RouteTable::fill(const Transaction& transaction) {
  first_.apply(transaction);
  if (second_ != nullptr) second_->apply(transaction);
}

void RouteTable::apply(const Transaction& transaction, std::function<void()> visible) {
  if (second_ == nullptr) {
    first_.apply(transaction);
    if (visible) visible();
    return;
  }
  apply_later([shared = std::make_shared<const Transaction>(transaction)](RouteIndex& index) { index.apply(*shared); },
              std::move(visible));
}

void RouteTable::set_policies(const BrokerPolicies& policies) {
  if (second_ == nullptr) return first_.set_policies(policies);
  apply_later([policies](RouteIndex& index) { index.set_policies(policies); }, {});
}

void RouteTable::apply_later(Change change, std::function<void()> visible) {
  waiting_.push_back({std::move(change), std::move(visible)});
  if (!passing_) publish_waiting();
}

// All that waits, in one swap.
void RouteTable::publish_waiting() {
  const std::vector<Waiting> published = std::exchange(waiting_, {});
  for (const Waiting& each : published) {
    each.change(*standby_);
    owed_.push_back(each.change);
  }
  RouteIndex* const fresh = std::exchange(standby_, standby_ == &first_ ? second_.get() : &first_);
  current_.store(fresh, std::memory_order_release);
  passing_ = true;
  when_passed_([this] { on_passed(); });
  for (const Waiting& each : published) {
    if (each.visible) each.visible();
  }
}

void RouteTable::on_passed() {
  for (const Change& change : owed_) change(*standby_);
  owed_.clear();
  passing_ = false;
  if (!waiting_.empty()) publish_waiting();
}

}  // namespace ingress::broker
