#include "agent/status/service_status.h"

namespace ingress::agent {
namespace {

constexpr const char* kReady = "READY=1";

}  // namespace

std::string ServiceStatus::on_start() const { return "STATUS=connecting to " + broker_; }

std::string ServiceStatus::on_tunnels(size_t serving, size_t wanted) {
  std::string status = "STATUS=" + std::to_string(serving) + " of " + std::to_string(wanted) + " tunnels up";
  return serving > 0 ? with_ready(status) : status;
}

std::string ServiceStatus::on_ready_wait_over(bool alone) {
  if (ready_) return "";
  if (alone) return with_ready("STATUS=no tunnel yet, connecting to " + broker_);
  ready_ = true;
  return kReady;
}

std::string ServiceStatus::with_ready(const std::string& status) {
  return std::exchange(ready_, true) ? status : kReady + ("\n" + status);
}

}  // namespace ingress::agent
