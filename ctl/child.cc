#include "ctl/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

extern char** environ;

namespace ingress::ctl {
namespace {

constexpr size_t kMostOutput = 4096;
constexpr int kNotStarted = 127;

std::string read_all(int fd) {
  std::string text;
  std::array<char, 1024> buffer{};
  for (;;) {
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    if (text.size() < kMostOutput) text.append(buffer.data(), static_cast<size_t>(count));
  }
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::optional<std::string> find_program(const std::string& name) {
  const char* const path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): one thread
  std::string folders = std::string(path == nullptr ? "" : path) + ":/usr/sbin:/usr/bin:/sbin:/bin:";
  for (size_t colon = folders.find(':'); colon != std::string::npos; colon = folders.find(':')) {
    const std::string file = folders.substr(0, colon) + "/" + name;
    folders.erase(0, colon + 1);
    if (file.starts_with('/') && access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

ChildResult run_child(const std::vector<std::string>& argv) {
  const std::optional<std::string> file = find_program(argv.front());
  std::array<int, 2> ends{};
  if (!file || pipe2(ends.data(), O_CLOEXEC) != 0) return {kNotStarted, argv.front() + " cannot be run"};
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, file->c_str(), &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string output = failed == 0 ? read_all(ends[0]) : "";
  close(ends[0]);
  if (failed != 0) return {kNotStarted, argv.front() + " cannot be run"};
  return {wait_for(pid), std::move(output)};
}

}  // namespace ingress::ctl
