#include "agent/status/service_status.h"

namespace ingress::agent {

std::string ServiceStatus::on_start() const { return "STATUS=connecting to " + broker_; }

std::string ServiceStatus::on_tunnels(size_t serving, size_t wanted) {
  std::string status = "STATUS=" + std::to_string(serving) + " of " + std::to_string(wanted) + " tunnels up";
  return serving > 0 ? with_ready(std::move(status)) : status;
}

std::string ServiceStatus::on_ready_wait_over() {
  return ready_ ? std::string() : with_ready("STATUS=no tunnel yet, connecting to " + broker_);
}

std::string ServiceStatus::with_ready(std::string status) {
  return std::exchange(ready_, true) ? status : "READY=1\n" + status;
}

}  // namespace ingress::agent
