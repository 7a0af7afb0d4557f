// Makes the machines of agents that come with a join token. The hash of the token becomes one of the machine's, so that
// the agent gets in by it from then on, whatever becomes of the join token.
// Thread: the first loop's, but for join().
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "broker/store/store.h"
#include "broker/tunnel/join_refusals.h"
#include "broker/tunnel_access.h"
#include "common/uv/loop.h"

namespace ingress::broker {

class StoreJoiner final : public MachineJoiner {
 public:
  // Before any loop runs.
  void start(uv::Loop& loop, Store& store);
  // No more are made: the store goes.
  void stop() { store_ = nullptr; }

  // A refusal is logged.
  void join(std::string machine, std::string join_token, std::string sha256) override;
  std::string lately_refused(std::string_view machine, std::string_view join_token) const override;

 private:
  void make(const std::string& machine, const std::string& join_token, const std::string& sha256);
  // `project` is the join token's.
  void on_refused(const std::string& machine, const std::string& join_token, const std::string& project,
                  const StoreError& why);

  uv::Loop* loop_ = nullptr;
  Store* store_ = nullptr;
  std::set<std::string> under_way_;  // machines
  JoinRefusals refusals_;
};

}  // namespace ingress::broker
