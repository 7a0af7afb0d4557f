// What a request changes, as a value: read on the loop, run on the store's thread in a transaction of its own or in one
// of many (POST /v1/batch), answered on the loop once it is visible.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "broker/admin/access.h"
#include "broker/admin/answer.h"
#include "broker/store/draft.h"

namespace ingress::broker::admin {

// A transaction while it is made, for one who asks. Thread: the store's.
class Editor {
 public:
  Editor(Draft& draft, const Role& role, const std::vector<std::string>& domains)
      : draft_(draft), role_(role), domains_(domains) {}

  // With what was put before.
  Tables& tables() { return draft_.tables(); }
  const Role& role() const { return role_; }
  // Whether the role may make that change: the refusal, or nullopt.
  std::optional<Answer> check(Change change) { return check_access(role_, domains_, tables(), change); }
  // The same, and then it is made.
  std::optional<Answer> put(Change change) {
    if (std::optional<Answer> refused = check_access(role_, domains_, tables(), change)) return refused;
    const TransactionWriter::Checked done = draft_.put(std::move(change));
    return done ? std::nullopt : std::optional<Answer>(problem_of(done.error(), role_));
  }

 private:
  Draft& draft_;
  const Role& role_;
  const std::vector<std::string>& domains_;
};

struct Operation {
  // The refusal, or nullopt. Thread: the store's. It touches what it owns and the editor alone.
  std::function<std::optional<Answer>(Editor&)> run;
  std::function<Answer()> answer;
};

}  // namespace ingress::broker::admin
