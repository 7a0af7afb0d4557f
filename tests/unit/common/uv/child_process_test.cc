#include "common/uv/child_process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include "common/uv/loop.h"
#include "common/uv/owned_fd.h"
#include "tests/unit/temporary_folder.h"

namespace ingress::uv {
namespace {

std::string contents_of(const std::string& path) {
  std::ifstream file(path);
  return {(std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>()};
}

// Runs it to its end; its exit code and the signal that ended it.
std::pair<int, int> run(const ChildProgram& program, int signal = 0) {
  Loop loop;
  std::pair<int, int> ended{-1, -1};
  auto process = ChildProcess::start(loop, program, [&](int code, int by) {
    ended = {code, by};
    loop.stop();
  });
  REQUIRE(process.has_value());
  if (signal != 0) (*process)->signal(signal);
  loop.run_until_stopped();
  return ended;
}

ChildProgram shell(const std::string& line) {
  ChildProgram program;
  program.argv = {"sh", "-c", line};
  return program;
}

TEST_CASE("a child's output goes where it is told, its input is empty, and what is withheld it does not see") {
  const TemporaryFolder folder;
  ::setenv("WITHHELD_SECRET", "x", 1);  // NOLINT(concurrency-mt-unsafe)
  const OwnedFd out(::open(folder.file("out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  ChildProgram program = shell("cat; echo told; echo failed >&2; env | grep WITHHELD_; exit 3");
  program.output_fd = out.get();
  program.withheld = "WITHHELD_";
  program.more_environment = {"WITHHELD_NEW=given"};
  CHECK(run(program) == std::pair{3, 0});
  CHECK(contents_of(folder.file("out")) == "told\nfailed\nWITHHELD_NEW=given\n");
  ::unsetenv("WITHHELD_SECRET");  // NOLINT(concurrency-mt-unsafe)
}

TEST_CASE("a signal to a child of a session of its own reaches what it started") {
  ChildProgram program = shell("sleep 600 & wait $!");
  program.own_session = true;
  CHECK(run(program, SIGKILL) == std::pair{0, SIGKILL});
  // The descriptor that all of them hold is at its end once the last one is gone.
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  program = shell("sleep 600 & wait $!");
  program.own_session = true;
  program.fds = {ends[1]};
  CHECK(run(program, SIGKILL).second == SIGKILL);
  ::close(ends[1]);
  char byte = 0;
  CHECK(::read(ends[0], &byte, 1) == 0);
  ::close(ends[0]);
}

TEST_CASE("a program that is not there is an error of the start") {
  Loop loop;
  ChildProgram program;
  program.argv = {"/no/such/program"};
  CHECK_FALSE(ChildProcess::start(loop, program, [](int, int) {}).has_value());
}

}  // namespace
}  // namespace ingress::uv
