#include "broker/leaving.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/base/after_calls.h"
#include "common/base/log.h"
#include "common/uv/inherited_fds.h"

namespace ingress::broker {
namespace {

constexpr Duration kTunnelGrace{2000};
// The next process waits for the database longer (DatabaseLock::kPatience).
constexpr Duration kAdminGrace{2000};

}  // namespace

Leaving::Leaving(const LeavingParts& parts, LeavingProgram& program)
    : parts_(parts),
      program_(program),
      loop_(parts.loops.loop()),
      lingering_(parts.loops, [this] { hand_over(); }),
      has_sockets_of_systemd_(uv::number_in_environment("LISTEN_PID") == getpid()) {}

void Leaving::watch_lock(const std::string& db) {
  if (!parts_.alone) lingering_.watch_lock(db);
}

void Leaving::on_serving() {
  if (begun()) return;
  const State was = std::exchange(state_, State::kServing);
  if (was == State::kStartingForAnother) hand_over();
}

// An upgrade's old process is leaving already: its parent is to know that it has been told, no more.
void Leaving::on_signal(const char* name) {
  if (std::exchange(told_, true)) {
    log_warn("stopping_now", {{"signal", name}});
    return program_.end_now();
  }
  log_info("draining", {{"signal", name}});
  const Duration grace_period = parts_.live.grace_period;
  parts_.supervised ? parts_.notify.send_draining(grace_period) : parts_.notify.send_stopping(grace_period);
  if (parts_.alone || !(serves() || begun())) return drain();
  const bool another_follows = parts_.parent.has_parent();
  parts_.parent.leave();
  another_follows || begun() ? hand_over() : linger();
}

void Leaving::on_upgrade() {
  if (parts_.supervised || has_sockets_of_systemd_ || state_ == State::kLingering) return hand_over();
  log_warn("upgrade_needs_supervise", {{"hint", "run with --supervise: SIGUSR2 then starts the new program"}});
}

// By another process, where who connects before the next one accepts waits in their queues.
bool Leaving::sockets_are_held() const { return parts_.parent.has_parent() || has_sockets_of_systemd_; }

void Leaving::linger() {
  state_ = State::kLingering;
  grace_ends_ = loop_.now() + parts_.live.grace_period;
  lingering_.begin(parts_.live.grace_period);
}

void Leaving::hand_over() {
  if (begun()) return;
  if (!serves()) {
    state_ = State::kStartingForAnother;
    return;
  }
  log_info("handing_over", {});
  state_ = State::kLeaving;
  lingering_.stop();
  if (parts_.parent.has_parent()) parts_.watchdog.stop();  // the next process speaks
  // Where nobody else holds the sockets, the next process has to bind them.
  const bool held = sockets_are_held();
  const std::function<void()> one_done = after_calls(2, [this] { drain_tunnels(); });
  if (!held) drain_clients(one_done);
  end_admin([this, held, one_done] {
    program_.let_go_of_database();
    if (held) drain_clients(one_done);
    // Agents that move come to the next process: no loop of this one listens any more, and the database is free.
    parts_.loops.migrate_tunnels();
    one_done();
  });
}

void Leaving::end_admin(std::function<void()> done) {
  const auto ended = [this, done = std::move(done)] {
    loop_.defer([this, done] {
      admin_timer_.reset();
      done();
    });
  };
  AdminServer* const admin = program_.admin();
  if (admin == nullptr) return ended();
  admin_timer_ = std::make_unique<uv::Timer>(loop_, [admin] { admin->close_all(); });
  admin_timer_->start(kAdminGrace);
  admin->drain(ended);
}

// Nobody follows.
void Leaving::drain() {
  if (begun()) return;
  const bool has_clients = serves();
  state_ = State::kLeaving;
  lingering_.stop();
  if (AdminServer* const admin = program_.admin()) admin->drain([] {});
  if (!has_clients) return program_.on_left();
  drain_clients([this] { drain_tunnels(); });
}

// Before the tunnels: exchanges need them until they end.
void Leaving::drain_clients(std::function<void()> done) {
  const Time now = loop_.now();
  if (!grace_ends_) grace_ends_ = now + parts_.live.grace_period;
  grace_timer_ = std::make_unique<uv::Timer>(loop_, [this] {
    log_warn("grace_period_over", {});
    parts_.loops.cut_clients();
  });
  grace_timer_->start(std::max(*grace_ends_ - now, Duration{0}));
  parts_.loops.drain_clients([this, done = std::move(done)] { loop_.defer(done); });
}

void Leaving::drain_tunnels() {
  parts_.loops.drain_tunnels(kTunnelGrace, *grace_ends_ - loop_.now(), [this] {
    loop_.defer([this] {
      grace_timer_.reset();
      program_.on_left();
    });
  });
}

}  // namespace ingress::broker
