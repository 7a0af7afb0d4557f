#include "broker/acme/order_run.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include "common/base/read_file.h"
#include "common/cli/values.h"

namespace ingress::broker::acme {
namespace {

// Between SIGTERM and SIGKILL.
constexpr Duration kPatience{5000};
constexpr off_t kTailBytes = 8192;

std::string tail_of(const std::string& path) {
  const uv::OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  // A shorter one is read from its begin.
  ::lseek(file.get(), -kTailBytes, SEEK_END);
  return read_file(file.get()).value_or("");
}

std::string system_reason(int why) { return std::generic_category().message(why); }

}  // namespace

OrderRun::OrderRun(uv::Loop& loop, OnDone on_done)
    : loop_(loop), on_done_(std::move(on_done)), timer_(loop, [this] { on_time_over(); }) {}

OrderRun::~OrderRun() {
  if (process_ != nullptr) process_->signal(SIGKILL);
}

// The program inherits the lock: it holds as long as the program, or what it started, runs.
bool OrderRun::start(OrderProgram order, const std::string& folder, Duration timeout) {
  timeout_ = timeout;
  log_path_ = folder + "/order.log";
  lock_ = uv::OwnedFd(::open((folder + "/order.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock_.valid() && ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) return false;
  const uv::OwnedFd log(::open(log_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  std::string problem;
  if (!lock_.valid() || !log.valid()) problem = "cannot write in " + folder + ": " + system_reason(errno);
  if (problem.empty()) {
    order.program.output_fd = log.get();
    order.program.fds = {lock_.get()};
    auto process =
        uv::ChildProcess::start(loop_, order.program, [this](int code, int signal) { on_exit(code, signal); });
    if (process) {
      process_ = std::move(*process);
      timer_.start(timeout);
      return true;
    }
    problem = "cannot start " + order.program.argv.front() + ": " + system_reason(process.error().sys_errno);
  }
  loop_.defer([watch = std::weak_ptr<bool>(alive_), this, problem] {
    if (!watch.expired()) finish(problem);
  });
  return true;
}

void OrderRun::on_exit(int code, int signal) {
  process_.reset();
  timer_.stop();
  if (time_over_) return finish("it was not done within " + cli::duration_text(timeout_));
  if (code == 0 && signal == 0) return finish("");
  const std::string reason = reason_in(tail_of(log_path_));
  const std::string ended =
      signal != 0 ? "ended by signal " + std::to_string(signal) : "exit code " + std::to_string(code);
  finish(reason.empty() ? ended : reason);
}

void OrderRun::on_time_over() {
  if (process_ == nullptr) return;
  process_->signal(time_over_ ? SIGKILL : SIGTERM);
  time_over_ = true;
  timer_.start(kPatience);
}

void OrderRun::finish(std::string problem) {
  lock_ = uv::OwnedFd();
  const OnDone on_done = std::move(on_done_);
  on_done(std::move(problem));
}

}  // namespace ingress::broker::acme
