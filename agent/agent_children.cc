#include "agent/agent_children.h"

#include <cstdlib>
#include <map>
#include <utility>

#include "agent/session/instance.h"
#include "common/base/hex.h"
#include "common/supervise/supervisor.h"

namespace ingress::agent {
namespace {

constexpr const char* kInstanceVariable = "INGRESS_AGENT_INSTANCE";
constexpr const char* kSupersedesVariable = "INGRESS_AGENT_SUPERSEDES";

// One behind the other, in hex.
std::vector<std::string> instances_in(const char* variable) {
  const char* const text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets variables
  const std::string bytes = text == nullptr ? std::string() : from_hex(text).value_or(std::string());
  std::vector<std::string> instances;
  for (size_t at = 0; at + kInstanceBytes <= bytes.size(); at += kInstanceBytes) {
    instances.push_back(bytes.substr(at, kInstanceBytes));
  }
  return instances;
}

class AgentChildren final : public supervise::ChildKit {
 public:
  // A child takes over from all that still run, for any of them may have the machine, or from the latest that did.
  std::vector<uv::OwnedFd> equip(uv::ChildProgram& child, uint64_t number,
                                 const std::vector<uint64_t>& running) override {
    const std::string instance = new_instance();
    std::string supersedes = running.empty() ? latest_ : std::string();
    for (const uint64_t other : running) supersedes += instances_[other];
    child.more_environment.push_back(std::string(kInstanceVariable) + "=" + to_hex(instance));
    child.more_environment.push_back(std::string(kSupersedesVariable) + "=" + to_hex(supersedes));
    latest_ = instances_[number] = instance;
    return {};
  }
  void on_ended(uint64_t number) override { instances_.erase(number); }
  // The instance of before is a clone's (docs/decisions/0019).
  void on_renamed(uint64_t number, const std::string& instance) override {
    const std::string before = std::exchange(instances_[number], instance);
    if (latest_ == before) latest_ = instance;
  }

 private:
  std::map<uint64_t, std::string> instances_;  // by the child's number
  std::string latest_;
};

}  // namespace

Identity identity_of_process() {
  const std::vector<std::string> own = instances_in(kInstanceVariable);
  if (own.empty()) return {new_instance(), {}, false};
  return {own.front(), instances_in(kSupersedesVariable), true};
}

int supervise(const Config& config, const std::vector<std::string>& argv) {
  supervise::Plan plan;
  plan.argv = argv;
  plan.reload_is_upgrade = true;
  if (config.local) plan.addresses.push_back(config.local->address);
  AgentChildren children;
  uv::Loop loop;
  return supervise::Supervisor(loop, std::move(plan), children).run();
}

}  // namespace ingress::agent
