#include "agent/ports/port_watch.h"

#include <utility>

namespace ingress::agent {

PortWatch::PortWatch(uv::Loop& loop, std::function<bool(int port)> wanted, std::function<void()> on_change)
    : loop_(loop), reader_(std::move(wanted)), on_change_(std::move(on_change)), timer_(loop, [this] { look_now(); }) {
  timer_.unref();
}

void PortWatch::start() {
  started_ = true;
  look_now();
}

void PortWatch::look() {
  if (!started_ || loop_.now() - looked_at_ < kLeastApart) return;
  ledger_.hurry();
  look_now();
}

void PortWatch::look_now() {
  looked_at_ = loop_.now();
  const bool changed = ledger_.take(reader_.read(), looked_at_);
  timer_.start(ledger_.pause());
  if (changed) on_change_();
}

}  // namespace ingress::agent
