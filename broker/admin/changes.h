// /v1/changes: the audit log, oldest first, from a revision on: a page of it, or, for who accepts text/event-stream,
// all of it and then each change as it is committed; and taking a change back.
#pragma once

#include "broker/admin/api.h"
#include "broker/admin/change_feed.h"

namespace ingress::broker::admin {

class Changes {
 public:
  static constexpr size_t kMostFollowers = 128;

  explicit Changes(Api& api) : api_(api) {}
  void add_to(Router& router);
  // A transaction was committed.
  void committed();

 private:
  void list(const RequestPtr& request, const Reply& reply);
  void follow(const RequestPtr& request, const Reply& reply);
  static tl::expected<Operation, Answer> undo(const RequestPtr& request);

  Api& api_;
  ChangeFeeds feeds_;
  FollowerCount followers_{{kMostFollowers, 96, 16}};
};

}  // namespace ingress::broker::admin
