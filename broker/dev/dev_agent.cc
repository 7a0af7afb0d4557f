#include "broker/dev/dev_agent.h"

#include <csignal>
#include <utility>

#include "common/base/log.h"

namespace ingress::broker::dev {
namespace {

constexpr Duration kAgainAfter{1000};
constexpr Duration kPatience{1000};

}  // namespace

DevAgent::DevAgent(uv::Loop& loop)
    : loop_(loop), timer_(loop, [this] {
        if (on_stopped_ == nullptr) {
          static_cast<void>(spawn());
        } else if (child_ != nullptr) {
          child_->signal(SIGKILL);
        }
      }) {}

bool DevAgent::start(uv::ChildProgram program) {
  program_ = std::move(program);
  return spawn();
}

bool DevAgent::spawn() {
  auto child = uv::ChildProcess::start(loop_, program_, [this](int code, int signal) { on_exit(code, signal); });
  if (!child) {
    log_error("agent_not_started", {{"program", program_.argv.front()}, {"error", describe(child.error())}});
    return false;
  }
  child_ = std::move(*child);
  return true;
}

void DevAgent::on_exit(int code, int signal) {
  child_.reset();
  if (on_stopped_ != nullptr) {
    timer_.stop();
    return std::exchange(on_stopped_, nullptr)();
  }
  // Ctrl-C reaches it as well, and sooner: one that ended as asked is no error.
  if (code != 0 || signal != 0) log_error("agent_ended", {{"code", code}, {"signal", signal}});
  timer_.start(kAgainAfter);
}

void DevAgent::stop(std::function<void()> done) {
  timer_.stop();
  if (child_ == nullptr) return done();
  on_stopped_ = std::move(done);
  child_->signal(SIGTERM);
  timer_.start(kPatience);
}

}  // namespace ingress::broker::dev
