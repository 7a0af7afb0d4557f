#include "broker/acme/order_run.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include "common/base/read_file.h"
#include "common/base/write_all.h"
#include "common/cli/values.h"

namespace ingress::broker::acme {
namespace {

// Between SIGTERM and SIGKILL.
constexpr Duration kPatience{5000};
constexpr off_t kTailBytes = 8192;
// Of the output of one order: what prints without an end shall not fill the disk, which the database is on, too.
constexpr size_t kMostOutputBytes = size_t{4} << 20;
constexpr size_t kPieceBytes = size_t{16} << 10;

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

// The program inherits the lock: where this process is killed it holds as long as the program, or what it started,
// runs.
bool OrderRun::start(OrderProgram order, const std::string& folder, Duration timeout) {
  timeout_ = timeout;
  log_path_ = folder + "/order.log";
  if (!lock_.take(folder)) return false;
  const std::string problem = run(std::move(order.program), folder);
  if (problem.empty()) return true;
  loop_.defer([watch = std::weak_ptr<bool>(alive_), this, problem] {
    if (!watch.expired()) finish(problem);
  });
  return true;
}

std::string OrderRun::run(uv::ChildProgram program, const std::string& folder) {
  if (lock_.held())
    log_ = uv::OwnedFd(::open(log_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  if (!log_.valid()) return "cannot write in " + folder + ": " + system_reason(errno);
  const std::string cannot_start = "cannot start " + program.argv.front() + ": ";
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return cannot_start + system_reason(errno);
  output_ = uv::OwnedFd(ends[0]);
  const uv::OwnedFd written(ends[1]);
  ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  auto watch = uv::FdWatch::watch(loop_, output_.get(), [this](bool, bool) { take_output(); });
  if (!watch) return cannot_start + system_reason(watch.error().sys_errno);
  program.output_fd = written.get();
  program.fds = {lock_.fd()};
  auto process = uv::ChildProcess::start(loop_, program, [this](int code, int signal) { on_exit(code, signal); });
  if (!process) return cannot_start + system_reason(process.error().sys_errno);
  process_ = std::move(*process);
  lock_.name_holder(process_->pid());
  output_watch_ = std::move(*watch);
  output_watch_->set(true, false);
  timer_.start(timeout_);
  return "";
}

bool OrderRun::take_output() {
  std::array<char, kPieceBytes> piece;
  const ssize_t count = ::read(output_.get(), piece.data(), std::min(piece.size(), kMostOutputBytes - output_bytes_));
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (count > 0) {
    // A disk that is full costs the log, and nothing else.
    static_cast<void>(write_all(log_.get(), {piece.data(), static_cast<size_t>(count)}));
    output_bytes_ += static_cast<size_t>(count);
    if (output_bytes_ < kMostOutputBytes) return true;
    if (process_ != nullptr) end_program("it printed more than " + std::to_string(kMostOutputBytes >> 20) + " MiB");
  }
  output_watch_.reset();
  return false;
}

void OrderRun::on_exit(int code, int signal) {
  process_.reset();
  timer_.stop();
  while (output_watch_ != nullptr && take_output()) continue;
  output_watch_.reset();
  if (!ended_for_.empty()) return finish(ended_for_);
  if (code == 0 && signal == 0) return finish("");
  const std::string reason = reason_in(tail_of(log_path_));
  const std::string ended =
      signal != 0 ? "ended by signal " + std::to_string(signal) : "exit code " + std::to_string(code);
  finish(reason.empty() ? ended : reason);
}

void OrderRun::on_time_over() {
  if (process_ != nullptr) end_program("it was not done within " + cli::duration_text(timeout_));
}

void OrderRun::end_program(std::string reason) {
  process_->signal(ended_for_.empty() ? SIGTERM : SIGKILL);
  if (ended_for_.empty()) ended_for_ = std::move(reason);
  timer_.start(kPatience);
}

void OrderRun::finish(std::string problem) {
  lock_.release();
  const OnDone on_done = std::move(on_done_);
  on_done(std::move(problem));
}

}  // namespace ingress::broker::acme
