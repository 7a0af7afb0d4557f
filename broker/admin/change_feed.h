// Changes as events, from a revision on: what is in the log already, then each as it is committed. A slow reader loses
// nothing: rows are read from the database as it takes them.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "broker/admin/api.h"
#include "broker/admin/event_stream.h"
#include "broker/admin/follower_count.h"

namespace ingress::broker::admin {

class ChangeFeed;

// The rows after a revision that a role sees. Thread: the store's.
std::vector<ChangeRow> changes_for(const Role& role, Tables& tables, int64_t since, int limit);

// Those that are told of commits. Each takes itself in and out.
using ChangeFeeds = std::unordered_set<ChangeFeed*>;

// Made by make_shared; `api` and `feeds` outlive it.
class ChangeFeed final : public BodySource, public std::enable_shared_from_this<ChangeFeed> {
 public:
  ChangeFeed(Api& api, ChangeFeeds& feeds, std::unique_ptr<FollowerCount::Place> place, RequestPtr request,
             int64_t since)
      : api_(api), feeds_(feeds), place_(std::move(place)), request_(std::move(request)), since_(since) {
    feeds_.insert(this);
  }
  ~ChangeFeed() override { feeds_.erase(this); }
  ChangeFeed(const ChangeFeed&) = delete;
  ChangeFeed& operator=(const ChangeFeed&) = delete;

  void start(BodySink& sink) override;
  void on_room() override { read_on(); }
  // There is a row that was not there before.
  void committed();

 private:
  void read_on();
  void on_rows(const std::vector<ChangeRow>& rows);

  Api& api_;
  ChangeFeeds& feeds_;
  std::unique_ptr<FollowerCount::Place> place_;
  RequestPtr request_;        // who follows sees what it may, for as long as it may ask
  int64_t since_;             // the last revision that was written
  BodySink* sink_ = nullptr;  // from start() on
  std::unique_ptr<Heartbeat> heartbeat_;
  bool behind_ = true;  // there may be rows that were not read
  bool reading_ = false;
};

}  // namespace ingress::broker::admin
