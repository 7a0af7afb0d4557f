#include "broker/observe/exchange_tap.h"

#include <utility>

#include "common/http/head.h"

namespace ingress::broker {
namespace {

// The Host as a client sends it, less its port and a dot at the end.
std::string_view name_in(std::string_view host) {
  if (const size_t colon = host.rfind(':'); colon != std::string_view::npos && !host.ends_with(']')) {
    host = host.substr(0, colon);
  }
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

bool is_host(std::string_view wanted, std::string_view host) {
  if (!wanted.starts_with("*.")) return http::iequals(wanted, host);
  wanted.remove_prefix(1);
  return host.size() > wanted.size() && http::iequals(wanted, host.substr(host.size() - wanted.size()));
}

}  // namespace

bool ExchangeFilter::wants(const ExchangeRecord& record) const {
  return record.status >= least_status && record.status <= most_status &&
         (machine.empty() || machine == record.machine) &&
         (project.empty() || project == record.project || project == record.tenant) &&
         (method.empty() || http::iequals(method, record.method)) &&
         (host.empty() || is_host(host, name_in(record.host)));
}

void ExchangeTap::put(std::string_view event) {
  {
    const std::lock_guard lock(mutex_);
    if (events_.size() + event.size() > kMostBytes) {
      ++lost_;
    } else {
      events_ += event;
    }
    if (std::exchange(told_, true)) return;
  }
  on_some_();
}

ExchangeTap::Taken ExchangeTap::take() {
  const std::lock_guard lock(mutex_);
  told_ = false;
  return {std::exchange(events_, {}), std::exchange(lost_, 0)};
}

}  // namespace ingress::broker
