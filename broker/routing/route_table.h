// The route index of all loops: read without a lock, changed by one writer.
//
// With several readers there are two copies. A change is applied to the one that nobody reads, which then becomes the
// one that all read from their next read() on; the other copy follows once every reader has let go of it. With one
// reader, whose thread is the writer's, there is one copy and nothing to wait for.
//
// Thread: read() any of the readers'; all else the writer's.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "broker/routing/route_index.h"

namespace ingress::broker {

class RouteTable {
 public:
  // Calls `passed`, later and on the writer's thread, when each reader has come to a point where it holds nothing of
  // what read() gave it before the call.
  using WhenPassed = std::function<void(std::function<void()> passed)>;

  // Without `when_passed` the writer is the only reader.
  explicit RouteTable(const RoutingOptions& options, WhenPassed when_passed = {});
  // Who is told what each change but those of fill() means to machines: when read() shows it, and before `visible`.
  using OnNews = std::function<void(const std::vector<MachineNews>& news)>;
  void set_on_news(OnNews on_news) { on_news_ = std::move(on_news); }

  // What it gives, and all that points into it, is good until the reader's callback returns.
  const RouteIndex& read() const { return *current_.load(std::memory_order_acquire); }

  // Before any other reader reads.
  void fill(const Transaction& transaction);
  // `visible` is called when every read() from then on sees the change: at once, unless the copy that is to take it is
  // still read; in the order of the changes. It may be empty.
  void apply(const Transaction& transaction, std::function<void()> visible);
  // Replaces RoutingOptions::policies, among the changes in their order.
  void set_policies(const BrokerPolicies& policies);

 private:
  using Change = std::function<void(RouteIndex& index, std::vector<MachineNews>* news)>;
  struct Waiting {
    Change change;
    std::function<void()> visible;
  };

  void apply_later(Change change, std::function<void()> visible);
  void publish_waiting();
  void on_passed();
  void tell(const std::vector<MachineNews>& news) const;

  WhenPassed when_passed_;
  OnNews on_news_;
  RouteIndex first_;
  std::unique_ptr<RouteIndex> second_;  // null with one reader
  std::atomic<const RouteIndex*> current_;
  RouteIndex* standby_ = nullptr;
  std::vector<Waiting> waiting_;  // not applied to either copy
  std::vector<Change> owed_;      // that the standby lacks
  bool passing_ = false;          // the standby may still be read
};

}  // namespace ingress::broker
