#include "broker/supervisor.h"

#include <algorithm>
#include <csignal>
#include <memory>
#include <system_error>
#include <utility>

#include "broker/generations/generations.h"
#include "broker/ticket_key_source.h"
#include "common/base/log.h"
#include "common/cli/exit_codes.h"
#include "common/uv/child_process.h"
#include "common/uv/file_limit.h"
#include "common/uv/inherited_sockets.h"
#include "common/uv/local_door.h"
#include "common/uv/signal_watch.h"
#include "common/uv/timer.h"

namespace ingress::broker {
namespace {

// A child that has run so long has started well.
constexpr Duration kSettled{1000};
constexpr Duration kFirstPause{50};
constexpr Duration kLongestPause{5000};
// Old children that still run exchanges; of more the oldest is ended.
constexpr size_t kMostGenerations = 4;

class Supervisor {
 public:
  Supervisor(const Config& config, std::vector<std::string> argv) : config_(config), argv_(std::move(argv)) {}

  int run();

 private:
  // Where later children connect to a child.
  struct Doors {
    uv::OwnedFd opens;   // for who opens streams there
    uv::OwnedFd serves;  // for who serves streams of it
  };
  struct Child {
    std::unique_ptr<uv::ChildProcess> process;
    Doors doors;
    Time started{};
    uint64_t number = 0;
  };

  bool bind();
  bool make_ticket_keys();
  void watch_signals();
  uv::ChildProgram program(bool validate) const;
  std::vector<uv::OwnedFd> link(uv::ChildProgram& program, Doors& doors) const;
  void start_child();
  void on_exit(uint64_t number, int code, int signal);
  void restart(const Child& dead, int code);
  void stop();
  void upgrade();
  void on_validated(int code);
  void end(int exit_code);

  const Config& config_;
  const std::vector<std::string> argv_;
  uv::Loop loop_;
  std::vector<uv::OwnedFd> sockets_;
  std::unique_ptr<TicketKeySource> tickets_;
  std::vector<Child> children_;  // the current one at the back
  std::unique_ptr<uv::ChildProcess> validating_;
  std::vector<std::unique_ptr<uv::SignalWatch>> signals_;
  std::unique_ptr<uv::Timer> pause_timer_;
  Duration pause_{0};
  uint64_t current_ = 0;  // number of the child that serves; 0: none runs
  uint64_t next_number_ = 1;
  int exit_code_ = 0;
  bool stopping_ = false;
  bool started_well_ = false;
};

int Supervisor::run() {
  uv::raise_file_limit();
  if (!bind() || !make_ticket_keys()) return cli::kExitFailed;
  watch_signals();
  pause_timer_ = std::make_unique<uv::Timer>(loop_, [this] { start_child(); });
  start_child();
  loop_.run_until_stopped();
  for (const uv::Address& address : config_.admin) {
    if (!address.unix_path.empty()) std::remove(address.unix_path.c_str());
  }
  return exit_code_;
}

bool Supervisor::bind() {
  for (const auto* addresses : {&config_.http, &config_.https, &config_.admin}) {
    for (const uv::Address& address : *addresses) {
      uv::OwnedFd inherited = uv::take_inherited_socket(address);
      Result<uv::OwnedFd> socket =
          inherited.valid() ? Result<uv::OwnedFd>(std::move(inherited)) : uv::bind_listener(address);
      if (!socket) {
        log_error("listen_failed", {{"address", address.to_text()},
                                    {"error", std::generic_category().message(socket.error().sys_errno)}});
        return false;
      }
      sockets_.push_back(std::move(*socket));
    }
  }
  return true;
}

bool Supervisor::make_ticket_keys() {
  Result<std::unique_ptr<TicketKeySource>> made = TicketKeySource::make(loop_);
  if (!made) {
    log_error("ticket_keys_failed", {{"error", describe(made.error())}});
    return false;
  }
  tickets_ = std::move(*made);
  return true;
}

void Supervisor::watch_signals() {
  const auto watch = [this](int number, std::function<void()> task) {
    signals_.push_back(std::make_unique<uv::SignalWatch>(loop_, number, std::move(task)));
  };
  watch(SIGTERM, [this] { stop(); });
  watch(SIGINT, [this] { stop(); });
  watch(SIGHUP, [this] {
    if (current_ != 0) children_.back().process->signal(SIGHUP);
  });
  watch(SIGUSR2, [this] { upgrade(); });
}

// The same words, but that the child supervises nobody; or `validate` for `run`.
uv::ChildProgram Supervisor::program(bool validate) const {
  uv::ChildProgram program;
  program.argv = argv_;
  if (validate) {
    const auto command = std::find(program.argv.begin() + 1, program.argv.end(), "run");
    if (command != program.argv.end()) *command = "validate";
    return program;
  }
  program.argv.emplace_back("--supervise=false");
  program.more_environment.push_back(std::string(uv::kListenFdsVariable) + "=" + std::to_string(sockets_.size()));
  for (const uv::OwnedFd& socket : sockets_) program.fds.push_back(socket.get());
  program.inherit(TicketKeySource::kVariable, {tickets_->fd()});
  return program;
}

// Makes the new child's doors, and connections to those of the children that still run. What is returned is to be kept
// until the child has started. Without links it does its work, but that it reaches no machine of theirs.
std::vector<uv::OwnedFd> Supervisor::link(uv::ChildProgram& program, Doors& doors) const {
  std::vector<uv::OwnedFd> connections;
  Result<uv::OwnedFd> opens = uv::make_local_door();
  Result<uv::OwnedFd> serves = uv::make_local_door();
  if (!opens || !serves) {
    log_warn("children_not_linked", {{"error", describe(opens ? serves.error() : opens.error())}});
    return connections;
  }
  doors = {std::move(*opens), std::move(*serves)};
  std::vector<int> fds = {doors.opens.get(), doors.serves.get()};
  for (const Child& child : children_) {
    if (!child.doors.opens.valid()) continue;
    Result<uv::OwnedFd> to_open = uv::connect_to_local_door(child.doors.opens);
    Result<uv::OwnedFd> to_serve = uv::connect_to_local_door(child.doors.serves);
    if (!to_open || !to_serve) continue;
    for (Result<uv::OwnedFd>* made : {&to_open, &to_serve}) {
      fds.push_back((*made)->get());
      connections.push_back(std::move(**made));
    }
  }
  program.inherit(Generations::kVariable, fds);
  return connections;
}

void Supervisor::start_child() {
  const uint64_t number = next_number_++;
  uv::ChildProgram child = program(false);
  Doors doors;
  const std::vector<uv::OwnedFd> connections = link(child, doors);
  auto process =
      uv::ChildProcess::start(loop_, child, [this, number](int code, int signal) { on_exit(number, code, signal); });
  if (!process) {
    log_error("child_failed", {{"program", argv_.front()}, {"error", describe(process.error())}});
    if (!started_well_) return end(cli::kExitFailed);
    pause_ = kLongestPause;
    return pause_timer_->start(pause_);
  }
  log_info("child_started", {{"pid", (*process)->pid()}});
  children_.push_back({std::move(*process), std::move(doors), loop_.now(), number});
  current_ = number;
  if (children_.size() > kMostGenerations) children_.front().process->signal(SIGTERM);
}

void Supervisor::on_exit(uint64_t number, int code, int signal) {
  const auto found =
      std::find_if(children_.begin(), children_.end(), [number](const Child& child) { return child.number == number; });
  const Child dead = std::move(*found);
  children_.erase(found);
  const bool was_current = std::exchange(current_, current_ == number ? 0 : current_) == number;
  log_info("child_ended",
           {{"pid", dead.process->pid()}, {"code", code}, {"signal", signal}, {"current", was_current ? "yes" : "no"}});
  if (stopping_) {
    if (was_current) exit_code_ = code;
    if (children_.empty()) end(exit_code_);
  } else if (was_current) {
    restart(dead, signal != 0 ? cli::kExitFailed : code);
  }
}

// One that could not begin for the first time is the operator's to mend; what has served once is started for ever.
void Supervisor::restart(const Child& dead, int code) {
  const bool settled = loop_.now() - dead.started >= kSettled;
  started_well_ = started_well_ || settled;
  if (!started_well_ && code != 0) return end(code);
  pause_ = settled ? Duration{0} : std::clamp(pause_ * 2, kFirstPause, kLongestPause);
  if (pause_ == Duration{0}) return start_child();
  pause_timer_->start(pause_);
}

void Supervisor::stop() {
  if (!std::exchange(stopping_, true)) log_info("stopping", {{"children", children_.size()}});
  pause_timer_->stop();
  for (const Child& child : children_) child.process->signal(SIGTERM);
  if (children_.empty()) end(0);
}

void Supervisor::upgrade() {
  if (stopping_ || validating_ != nullptr) return;
  auto process = uv::ChildProcess::start(loop_, program(true),
                                         [this](int code, int signal) { on_validated(signal != 0 ? 1 : code); });
  if (!process) return log_error("upgrade_refused", {{"error", describe(process.error())}});
  validating_ = std::move(*process);
}

void Supervisor::on_validated(int code) {
  validating_.reset();
  if (code != 0) return log_error("upgrade_refused", {{"validate", code}});
  if (stopping_) return;
  log_info("upgrading", {{"program", argv_.front()}});
  pause_timer_->stop();
  if (current_ != 0) children_.back().process->signal(SIGUSR2);
  start_child();
}

void Supervisor::end(int exit_code) {
  exit_code_ = exit_code;
  loop_.stop();
}

}  // namespace

int supervise(const Config& config, const std::vector<std::string>& argv) { return Supervisor(config, argv).run(); }

}  // namespace ingress::broker
