#include "common/supervise/parent_watch.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <optional>

#include "common/uv/inherited_fds.h"

namespace ingress::supervise {
namespace {

constexpr const char* kParentVariable = "INGRESS_PARENT_PID";

}  // namespace

std::string parent_in_environment() { return std::string(kParentVariable) + "=" + std::to_string(getpid()); }

void signal_when_parent_dies(int signal) {
  const std::optional<int> parent = uv::number_in_environment(kParentVariable);
  if (!parent) return;
  prctl(PR_SET_PDEATHSIG, signal);
  if (getppid() != *parent) std::raise(signal);
}

}  // namespace ingress::supervise
