#include <sys/wait.h>

#include <csignal>

#include "tests/unit/broker/store/store_fixture.h"

namespace ingress::broker {
namespace {

// Commits for ever and writes the revision of each answer to `pipe`.
[[noreturn]] void commit_until_killed(const std::string& path, int pipe) {
  uv::Loop loop;
  uv::Timer keep_alive(loop, [] {});
  keep_alive.start(std::chrono::hours(1));
  std::string problem;
  auto store = Store::open(loop, path, problem);
  if (!store) ::_exit(1);
  int64_t next = 0;
  std::function<void()> commit = [&store, &commit, &next, pipe] {
    (*store)->commit({"t", 0, {PutMachine{StoreFixture::machine("m" + std::to_string(next++)), true}}},
                     [&commit, pipe](const StoreFixture::Outcome& outcome) {
                       const int64_t revision = outcome ? outcome->revision : -1;
                       if (::write(pipe, &revision, sizeof revision) != sizeof revision) ::_exit(1);
                       commit();
                     });
  };
  commit();
  loop.run();
  ::_exit(1);
}

TEST_CASE("a process that is killed loses no acknowledged commit") {
  const TemporaryFolder folder;
  const std::string path = folder.file("routes.db");
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) commit_until_killed(path, ends[1]);
  ::close(ends[1]);
  int64_t acknowledged = 0;
  for (int i = 0; i < 50; ++i) REQUIRE(::read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  while (::read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
  }
  ::close(ends[0]);
  REQUIRE(acknowledged >= 50);

  std::string problem;
  Result<Snapshot> read = read_snapshot(path, problem);
  REQUIRE_MESSAGE(read.has_value(), problem);
  CHECK(read->revision >= acknowledged);
  CHECK(read->machines.size() == static_cast<size_t>(read->revision));
  uv::Loop loop;
  CHECK(Store::open(loop, path, problem).has_value());
}

}  // namespace
}  // namespace ingress::broker
