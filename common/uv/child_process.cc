#include "common/uv/child_process.h"

#include <sys/prctl.h>
#include <unistd.h>
#include <uv.h>

#include <csignal>
#include <cstdlib>
#include <utility>

#include "common/uv/uv_error.h"
#include "common/uv/uv_handle.h"

extern char** environ;

namespace ingress::uv {
namespace {

constexpr size_t kStandardFds = 3;
constexpr const char* kParentVariable = "INGRESS_PARENT";

// Names that the child gets anew, and those withheld, are left out of what is inherited.
std::vector<char*> environment_with(const std::vector<std::string>& more, const std::string& withheld) {
  const auto same_name = [](const std::string& entry, std::string_view inherited) {
    return inherited.starts_with(std::string_view(entry).substr(0, entry.find('=') + 1));
  };
  std::vector<char*> environment;
  for (char** each = environ; *each != nullptr; ++each) {
    bool replaced = !withheld.empty() && std::string_view(*each).starts_with(withheld);
    for (const std::string& entry : more) replaced = replaced || same_name(entry, *each);
    if (!replaced) environment.push_back(*each);
  }
  for (const std::string& entry : more) environment.push_back(const_cast<char*>(entry.c_str()));
  environment.push_back(nullptr);
  return environment;
}

class SpawnedProcess final : public ChildProcess {
 public:
  explicit SpawnedProcess(OnExit on_exit) : handle_(std::move(on_exit)) {}

  int start(Loop& loop, const ChildProgram& program) {
    std::vector<char*> argv;
    for (const std::string& word : program.argv) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    std::vector<std::string> more = program.more_environment;
    if (program.ends_with_parent) more.push_back(std::string(kParentVariable) + "=" + std::to_string(getpid()));
    std::vector<char*> environment = environment_with(more, program.withheld);
    std::vector<uv_stdio_container_t> stdio = stdio_of(program);
    own_session_ = program.own_session;
    uv_process_options_t options{};
    options.file = argv.front();
    options.args = argv.data();
    options.env = environment.data();
    options.stdio = stdio.data();
    options.stdio_count = static_cast<int>(stdio.size());
    if (program.own_session) options.flags = UV_PROCESS_DETACHED;
    options.exit_cb = [](uv_process_t* process, int64_t code, int signal) {
      const OnExit on_exit = std::move(Handle::state_of(process));  // its call may destroy the owner
      if (on_exit != nullptr) on_exit(static_cast<int>(code), signal);
    };
    return uv_spawn(loop.raw(), handle_.get(), &options);
  }

  int pid() const override { return uv_process_get_pid(handle_.get()); }
  void signal(int number) override {
    if (own_session_) {
      ::kill(-pid(), number);
    } else {
      uv_process_kill(handle_.get(), number);
    }
  }

 private:
  using Handle = UvHandle<uv_process_t, OnExit>;

  static std::vector<uv_stdio_container_t> stdio_of(const ChildProgram& program) {
    std::vector<uv_stdio_container_t> stdio(kStandardFds + program.fds.size());
    for (size_t i = 0; i < stdio.size(); ++i) {
      stdio[i].flags = UV_INHERIT_FD;
      stdio[i].data.fd = i < kStandardFds ? static_cast<int>(i) : program.fds[i - kStandardFds];
    }
    if (program.output_fd < 0) return stdio;
    stdio[0].flags = UV_IGNORE;  // /dev/null
    for (const size_t output : {1, 2}) stdio[output].data.fd = program.output_fd;
    return stdio;
  }

  bool own_session_ = false;
  Handle handle_;
};

}  // namespace

void end_with_parent() {
  const char* const parent = std::getenv(kParentVariable);  // NOLINT(concurrency-mt-unsafe): before any thread
  if (parent == nullptr) return;
  const bool was_there = std::to_string(getppid()) == parent;
  unsetenv(kParentVariable);  // NOLINT(concurrency-mt-unsafe): the same
  if (!was_there) return;     // it was meant for another process
  prctl(PR_SET_PDEATHSIG, SIGTERM);
}

void ChildProgram::inherit(const char* variable, const std::vector<int>& more) {
  std::string entry = std::string(variable) + "=";
  for (const int fd : more) {
    if (entry.back() != '=') entry += ',';
    entry += std::to_string(kStandardFds + fds.size());
    fds.push_back(fd);
  }
  more_environment.push_back(std::move(entry));
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(Loop& loop, const ChildProgram& program, OnExit on_exit) {
  auto process = std::make_unique<SpawnedProcess>(std::move(on_exit));
  const int status = process->start(loop, program);
  if (status != 0) return tl::unexpected(uv_error(ErrorCode::kIo, status, "starting a process"));
  return process;
}

}  // namespace ingress::uv
