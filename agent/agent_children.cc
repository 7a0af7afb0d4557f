#include "agent/agent_children.h"

#include <cstdlib>
#include <map>
#include <utility>

#include "common/base/hex.h"
#include "common/supervise/supervisor.h"
#include "common/tls/digest.h"

namespace ingress::agent {
namespace {

constexpr const char* kInstanceVariable = "INGRESS_AGENT_INSTANCE";
constexpr const char* kSupersedesVariable = "INGRESS_AGENT_SUPERSEDES";
constexpr size_t kInstanceBytes = 16;

std::string instance_in(const char* variable) {
  const char* const text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets variables
  const auto bytes = text == nullptr ? std::nullopt : from_hex(text);
  return bytes && bytes->size() == kInstanceBytes ? *bytes : std::string();
}

class AgentChildren final : public supervise::ChildKit {
 public:
  // A child takes over from the latest that still runs, or from the latest that did.
  std::vector<uv::OwnedFd> equip(uv::ChildProgram& child, uint64_t number,
                                 const std::vector<uint64_t>& running) override {
    const std::string instance = tls::random_bytes(kInstanceBytes);
    const std::string& supersedes = running.empty() ? latest_ : instances_[running.back()];
    child.more_environment.push_back(std::string(kInstanceVariable) + "=" + to_hex(instance));
    child.more_environment.push_back(std::string(kSupersedesVariable) + "=" + to_hex(supersedes));
    latest_ = instances_[number] = instance;
    return {};
  }
  void on_ended(uint64_t number) override { instances_.erase(number); }

 private:
  std::map<uint64_t, std::string> instances_;  // by the child's number
  std::string latest_;
};

}  // namespace

Identity identity_of_process() {
  std::string instance = instance_in(kInstanceVariable);
  if (instance.empty()) return {tls::random_bytes(kInstanceBytes), "", false};
  return {std::move(instance), instance_in(kSupersedesVariable), true};
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
