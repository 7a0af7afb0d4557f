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
    std::vector<MachineNews> news;
    first_.apply(transaction, &news);
    tell(news);
    if (visible) visible();
    return;
  }
  apply_later([shared = std::make_shared<const Transaction>(transaction)](
                  RouteIndex& index, std::vector<MachineNews>* news) { index.apply(*shared, news); },
              std::move(visible));
}

void RouteTable::tell(const std::vector<MachineNews>& news) const {
  if (!news.empty() && on_news_) on_news_(news);
}

void RouteTable::set_policies(const BrokerPolicies& policies) {
  const MachineNews every{MachineNews::Kind::kEveryTouched, {}, {}};
  if (second_ == nullptr) {
    first_.set_policies(policies);
    return tell({every});
  }
  apply_later(
      [policies, every](RouteIndex& index, std::vector<MachineNews>* news) {
        index.set_policies(policies);
        if (news != nullptr) news->push_back(every);
      },
      {});
}

void RouteTable::apply_later(Change change, std::function<void()> visible) {
  waiting_.push_back({std::move(change), std::move(visible)});
  if (!passing_) publish_waiting();
}

// All that waits, in one swap.
void RouteTable::publish_waiting() {
  const std::vector<Waiting> published = std::exchange(waiting_, {});
  std::vector<MachineNews> news;
  for (const Waiting& each : published) {
    each.change(*standby_, &news);
    owed_.push_back(each.change);
  }
  RouteIndex* const fresh = std::exchange(standby_, standby_ == &first_ ? second_.get() : &first_);
  current_.store(fresh, std::memory_order_release);
  passing_ = true;
  when_passed_([this] { on_passed(); });
  tell(news);
  for (const Waiting& each : published) {
    if (each.visible) each.visible();
  }
}

void RouteTable::on_passed() {
  for (const Change& change : owed_) change(*standby_, nullptr);
  owed_.clear();
  passing_ = false;
  if (!waiting_.empty()) publish_waiting();
}

}  // namespace ingress::broker
