#include "common/supervise/supervisor.h"

#include <algorithm>
#include <csignal>
#include <memory>
#include <system_error>
#include <utility>

#include "common/base/log.h"
#include "common/cli/exit_codes.h"
#include "common/supervise/parent_line.h"
#include "common/supervise/parent_watch.h"
#include "common/supervise/unused_sockets.h"
#include "common/uv/file_limit.h"
#include "common/uv/inherited_sockets.h"
#include "common/uv/sd_notify.h"
#include "common/uv/signal_watch.h"
#include "common/uv/timer.h"

namespace ingress::supervise {
namespace {

// A child that has run so long has started well.
constexpr Duration kSettled{1000};
// A new child that has not said by then that it can begin never will.
constexpr Duration kBeginTime{30000};
constexpr Duration kFirstPause{50};
constexpr Duration kLongestPause{5000};
// Old children that still run exchanges; of more the oldest is ended.
constexpr size_t kMostGenerations = 16;

// It has been told to run dry; told twice, a child ends. Two of one kind might reach it as one.
void end_at_once(uv::ChildProcess& child) {
  child.signal(SIGINT);
  child.signal(SIGTERM);
}

}  // namespace

struct Supervisor::Impl {
  struct Child {
    std::unique_ptr<uv::ChildProcess> process;
    std::unique_ptr<ChildLine> line;
    Time started{};
    uint64_t number = 0;
    bool begun = false;        // it takes signals: it has said so, or has no line to say it by
    bool hang_up = false;      // SIGHUP came before that
    bool alone = false;        // it knows that none before it serves
    bool left = false;         // runs dry already, told by somebody else
    bool handed_over = false;  // a later one serves, and it knows
    bool serves() const { return !left && !handed_over; }
  };

  Impl(uv::Loop& with, Plan planned, ChildKit& of_program) : loop(with), plan(std::move(planned)), kit(of_program) {}

  int run();
  bool bind();
  void watch_signals();
  uv::ChildProgram program(bool validate) const;
  void start_next();
  bool start_child();
  // nullptr where there is none (any more).
  Child* find(uint64_t number);
  void hang_up();
  void on_begin(uint64_t number);
  void on_serve(uint64_t number);
  void on_leave(uint64_t number);
  void tell_who_is_alone();
  void give_up_beginning();
  void take_over();
  void on_exit(uint64_t number, int code, int signal);
  void restart(bool settled, int code);
  void stop();
  void upgrade();
  void on_validated(int code);
  void end(int exit_code);

  uv::Loop& loop;
  const Plan plan;
  ChildKit& kit;
  std::vector<uv::OwnedFd> sockets;
  std::vector<Child> children;  // the latest at the back
  std::unique_ptr<uv::ChildProcess> validating;
  bool asked_again = false;  // for an upgrade, while the last one is under way
  std::vector<std::unique_ptr<uv::SignalWatch>> signals;
  const uv::SdNotify notify;
  std::unique_ptr<uv::Timer> pause_timer;
  std::unique_ptr<uv::Timer> begin_timer;
  Duration pause{0};
  uint64_t current = 0;    // number of the child that serves; 0: none runs
  uint64_t beginning = 0;  // of the one that is to take over from it; 0: none
  uint64_t next_number = 1;
  int exit_code = 0;
  bool stopping = false;
  bool started_well = false;
};

int Supervisor::Impl::run() {
  uv::raise_file_limit();
  if (!bind()) return cli::kExitFailed;
  watch_signals();
  pause_timer = std::make_unique<uv::Timer>(loop, [this] { start_next(); });
  begin_timer = std::make_unique<uv::Timer>(loop, [this] { give_up_beginning(); });
  start_next();
  loop.run_until_stopped();
  return exit_code;
}

bool Supervisor::Impl::bind() {
  for (const uv::Address& address : uv::with_inherited(plan.addresses)) {
    uv::OwnedFd inherited = uv::take_inherited_socket(address);
    Result<uv::OwnedFd> socket =
        inherited.valid() ? Result<uv::OwnedFd>(std::move(inherited)) : uv::bind_listener(address);
    if (!socket) {
      log_error("listen_failed",
                {{"address", address.to_text()}, {"error", std::generic_category().message(socket.error().sys_errno)}});
      return false;
    }
    sockets.push_back(std::move(*socket));
  }
  close_unused_sockets();
  return true;
}

void Supervisor::Impl::watch_signals() {
  const auto watch = [this](int number, std::function<void()> task) {
    signals.push_back(std::make_unique<uv::SignalWatch>(loop, number, std::move(task)));
  };
  watch(SIGTERM, [this] { stop(); });
  watch(SIGINT, [this] { stop(); });
  watch(SIGHUP, [this] { plan.reload_is_upgrade ? upgrade() : hang_up(); });
  watch(SIGUSR2, [this] { upgrade(); });
}

// The same words, but that the child supervises nobody; or `validate` for `run`.
uv::ChildProgram Supervisor::Impl::program(bool validate) const {
  uv::ChildProgram program;
  program.argv = plan.argv;
  if (validate) {
    const auto command = std::find(program.argv.begin() + 1, program.argv.end(), "run");
    if (command != program.argv.end()) *command = "validate";
    return program;
  }
  program.argv.emplace_back("--supervise=false");
  program.more_environment.push_back(std::string(uv::kListenFdsVariable) + "=" + std::to_string(sockets.size()));
  program.more_environment.push_back(parent_in_environment());
  for (const uv::OwnedFd& socket : sockets) program.fds.push_back(socket.get());
  return program;
}

Supervisor::Impl::Child* Supervisor::Impl::find(uint64_t number) {
  const auto found =
      std::find_if(children.begin(), children.end(), [number](const Child& child) { return child.number == number; });
  return found == children.end() ? nullptr : &*found;
}

// One that serves from its start: nobody hands over to it, or does so already.
void Supervisor::Impl::start_next() {
  pause_timer->stop();
  if (start_child()) {
    current = children.back().number;
  } else if (started_well) {
    pause = kLongestPause;
    pause_timer->start(pause);
  } else {
    end(cli::kExitFailed);
  }
}

bool Supervisor::Impl::start_child() {
  const uint64_t number = next_number++;
  uv::ChildProgram child = program(false);
  std::vector<uint64_t> running;
  for (const Child& each : children) running.push_back(each.number);
  const std::vector<uv::OwnedFd> kept = kit.equip(child, number, running);
  auto line = std::make_unique<ChildLine>();
  const std::vector<uv::OwnedFd> ends_of_child = line->equip(
      loop, child,
      {[this, number] { on_begin(number); }, [this, number] { on_serve(number); }, [this, number] { on_leave(number); },
       [this, number](const std::string& name) { kit.on_renamed(number, name); }});
  const bool alone = std::none_of(children.begin(), children.end(), [](const Child& each) { return each.serves(); });
  if (alone) line->tell_alone();
  auto process =
      uv::ChildProcess::start(loop, child, [this, number](int code, int signal) { on_exit(number, code, signal); });
  if (!process) {
    log_error("child_failed", {{"program", plan.argv.front()}, {"error", describe(process.error())}});
    return false;
  }
  log_info("child_started", {{"pid", (*process)->pid()}});
  const bool begun = ends_of_child.empty();
  children.push_back({std::move(*process), std::move(line), loop.now(), number, begun, false, alone});
  if (children.size() > kMostGenerations) end_at_once(*children.front().process);
  return true;
}

// All have files open that may have been moved away (logs), those that run dry, too. One that does not take signals yet
// would be ended by it, and may have opened the files before.
void Supervisor::Impl::hang_up() {
  for (Child& child : children) {
    if (child.begun) {
      child.process->signal(SIGHUP);
    } else {
      child.hang_up = true;
    }
  }
}

void Supervisor::Impl::on_begin(uint64_t number) {
  if (Child* const child = find(number); child != nullptr) {
    child->begun = true;
    if (std::exchange(child->hang_up, false)) child->process->signal(SIGHUP);
  }
  if (number == beginning) take_over();
}

// Those before it may have no way to hear of it: they serve another name, or can't reach who would tell them.
void Supervisor::Impl::on_serve(uint64_t number) {
  for (Child& child : children) {
    if (child.number >= number) break;
    if (!std::exchange(child.handed_over, true) && child.line != nullptr) child.line->tell_next_serves();
  }
  tell_who_is_alone();
}

// Each child up to the first that may serve.
void Supervisor::Impl::tell_who_is_alone() {
  for (Child& child : children) {
    if (!std::exchange(child.alone, true) && child.line != nullptr) child.line->tell_alone();
    if (child.serves()) return;
  }
}

// on_exit() follows.
void Supervisor::Impl::give_up_beginning() {
  Child* const child = find(beginning);
  if (child == nullptr) return;
  log_warn("child_hangs", {{"pid", child->process->pid()}});
  child->process->signal(SIGKILL);
}

// The child before hands over, and runs dry.
void Supervisor::Impl::take_over() {
  if (beginning == 0 || stopping) return;
  begin_timer->stop();
  if (Child* const old = find(current); old != nullptr && !old->left) old->process->signal(SIGUSR2);
  current = std::exchange(beginning, 0);
  started_well = true;
  if (asked_again) upgrade();
}

// Somebody told the child to end, and not this process: it hands over as in an upgrade.
void Supervisor::Impl::on_leave(uint64_t number) {
  Child* const child = find(number);
  if (child == nullptr) return;
  child->left = true;
  tell_who_is_alone();
  if (stopping || number != current) return;
  log_info("child_leaves", {{"pid", child->process->pid()}});
  started_well = true;
  if (beginning != 0) return take_over();
  start_next();
}

void Supervisor::Impl::on_exit(uint64_t number, int code, int signal) {
  Child* const found = find(number);
  const Child dead = std::move(*found);
  children.erase(children.begin() + (found - children.data()));
  kit.on_ended(number);
  tell_who_is_alone();
  const bool settled = loop.now() - dead.started >= kSettled;
  if (settled) pause = Duration{0};
  const bool was_current = std::exchange(current, current == number ? 0 : current) == number;
  log_info("child_ended",
           {{"pid", dead.process->pid()}, {"code", code}, {"signal", signal}, {"current", was_current ? "yes" : "no"}});
  if (stopping) {
    if (was_current) exit_code = code;
    if (children.empty()) end(exit_code);
  } else if (number == beginning) {
    // It could not begin: the one that serves has been told nothing.
    begin_timer->stop();
    beginning = 0;
    log_error("upgrade_refused", {{"code", code}, {"signal", signal}});
    if (asked_again) upgrade();
  } else if (was_current && beginning != 0) {
    take_over();
  } else if (was_current) {
    restart(settled, signal != 0 ? 0 : code);
  }
}

// One that could not begin for the first time is the operator's to mend; what has served once, or was killed, is
// started for ever.
void Supervisor::Impl::restart(bool settled, int code) {
  started_well = started_well || settled;
  if (!started_well && code != 0) return end(code);
  pause = settled ? Duration{0} : std::clamp(pause * 2, kFirstPause, kLongestPause);
  if (pause == Duration{0}) return start_next();
  pause_timer->start(pause);
}

void Supervisor::Impl::stop() {
  const bool again = std::exchange(stopping, true);
  if (!again) {
    log_info("stopping", {{"children", children.size()}});
    notify.send("STOPPING=1\nSTATUS=draining");  // the children say how long it may take
    for (Child& child : children) child.line.reset();
    sockets.clear();  // the children have theirs; a process that takes over may bind the addresses once they let go
  }
  pause_timer->stop();
  for (const Child& child : children) {
    if (again || !child.left) child.process->signal(SIGTERM);
  }
  if (children.empty()) end(0);
}

void Supervisor::Impl::upgrade() {
  if (stopping) return;
  // What is asked meanwhile is for what lies there by then.
  asked_again = validating != nullptr || beginning != 0;
  if (asked_again) return;
  auto process = uv::ChildProcess::start(loop, program(true),
                                         [this](int code, int signal) { on_validated(signal != 0 ? 1 : code); });
  if (!process) return log_error("upgrade_refused", {{"error", describe(process.error())}});
  validating = std::move(*process);
}

void Supervisor::Impl::on_validated(int code) {
  validating.reset();
  if (asked_again && !stopping) return upgrade();
  if (code != 0) return log_error("upgrade_refused", {{"validate", code}});
  if (stopping) return;
  log_info("upgrading", {{"program", plan.argv.front()}});
  pause_timer->stop();
  if (current == 0) return start_next();
  if (!start_child()) return log_error("upgrade_refused", {{"reason", "it could not be started"}});
  beginning = children.back().number;
  begin_timer->start(kBeginTime);
}

void Supervisor::Impl::end(int code) {
  exit_code = code;
  loop.stop();
}

Supervisor::Supervisor(uv::Loop& loop, Plan plan, ChildKit& kit)
    : impl_(std::make_unique<Impl>(loop, std::move(plan), kit)) {}
Supervisor::~Supervisor() = default;

int Supervisor::run() { return impl_->run(); }

}  // namespace ingress::supervise
