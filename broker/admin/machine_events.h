// /v1/machines/{id}/events: what has happened to a machine lately, as a page or as events that go on.
#pragma once

#include <memory>
#include <string>

#include "broker/admin/api.h"
#include "broker/admin/event_stream.h"
#include "broker/admin/follower_count.h"

namespace ingress::broker::admin {

// Events of one machine, from one on: those that are known, then each as it happens. A reader that is slower than the
// journal is long is told `lost`. It ends where who asked may not see the machine any more. Made by make_shared.
class MachineFeed final : public BodySource, public std::enable_shared_from_this<MachineFeed> {
 public:
  MachineFeed(Api& api, RequestPtr request, uint64_t since, std::unique_ptr<FollowerCount::Place> place);
  ~MachineFeed() override;
  MachineFeed(const MachineFeed&) = delete;
  MachineFeed& operator=(const MachineFeed&) = delete;

  void start(BodySink& sink) override;
  void on_room() override { pass_on(); }

 private:
  void pass_on();
  bool may_see() const;

  Api& api_;
  RequestPtr request_;
  const std::string& machine_;  // in the request
  uint64_t since_;              // the last event that was written
  std::unique_ptr<FollowerCount::Place> place_;
  BodySink* sink_ = nullptr;  // from start() to the end
  MachineJournal::Follower follower_;
  std::unique_ptr<Heartbeat> heartbeat_;
};

class MachineEvents {
 public:
  static constexpr size_t kMostFollowers = 1024;

  explicit MachineEvents(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void answer(const RequestPtr& request, const Reply& reply);

  Api& api_;
  FollowerCount followers_{{kMostFollowers, 896, 512}};
};

}  // namespace ingress::broker::admin
