// /v1/exchanges: exchanges as they end, live, as events: `exchange` for each, `open` for one that has lasted for a
// second and goes on, `lost` for how many a slow reader did not get. With `headers=1` they tell the fields of both
// heads.
#pragma once

#include <memory>
#include <string>

#include "broker/admin/api.h"
#include "broker/admin/event_stream.h"
#include "broker/admin/follower_count.h"

namespace ingress::broker::admin {

// "404", or "5xx" for a whole class. False where it is neither.
bool read_status_filter(const std::string& text, ExchangeFilter& filter);

// One who listens. Made by make_shared.
class ExchangeFeed final : public BodySource, public std::enable_shared_from_this<ExchangeFeed> {
 public:
  ExchangeFeed(const AdminParts& parts, ExchangeFilter filter, bool heads, std::unique_ptr<FollowerCount::Place> place);
  ~ExchangeFeed() override;
  ExchangeFeed(const ExchangeFeed&) = delete;
  ExchangeFeed& operator=(const ExchangeFeed&) = delete;

  void start(BodySink& sink) override;
  void on_room() override { pass_on(); }

 private:
  void pass_on();

  const AdminParts& parts_;
  ExchangeFilter filter_;
  const bool heads_;
  std::unique_ptr<FollowerCount::Place> place_;
  BodySink* sink_ = nullptr;  // from start() on
  std::shared_ptr<ExchangeTap> tap_;
  std::unique_ptr<Heartbeat> heartbeat_;
};

class Exchanges {
 public:
  static constexpr size_t kMostListeners = 128;

  explicit Exchanges(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void listen(const RequestPtr& request, const Reply& reply);

  Api& api_;
  FollowerCount listeners_{{kMostListeners, 96, 16}};
};

}  // namespace ingress::broker::admin
