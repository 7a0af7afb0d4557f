#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/uv/file_watch.h"
#include "common/uv/loop.h"
#include "common/uv/open_watch.h"
#include "common/uv/signal_watch.h"
#include "common/uv/timer.h"
#include "tests/unit/temporary_folder.h"

using ingress::Duration;
using ingress::TemporaryFolder;
using ingress::uv::FileWatch;
using ingress::uv::Loop;
using ingress::uv::OpenWatch;
using ingress::uv::SignalWatch;
using ingress::uv::Timer;

TEST_CASE("a signal is told on the loop, and the watch alone does not keep the loop running") {
  Loop loop;
  int told = 0;
  SignalWatch watch(loop, SIGUSR1, [&loop, &told] {
    ++told;
    loop.stop();
  });
  loop.run();
  CHECK(told == 0);
  Timer endless(loop, [] {});
  endless.start(Duration(3'600'000));
  std::raise(SIGUSR1);
  loop.run();
  CHECK(told == 1);
}

TEST_CASE("a file that is written in a watched folder is told, and the watch may be destroyed in its callback") {
  char folder[] = "/tmp/ingress-watch-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  {
    Loop loop;
    int told = 0;
    Timer endless(loop, [] {});
    endless.start(Duration(3'600'000));
    std::unique_ptr<FileWatch> kept;
    auto watch = FileWatch::watch(loop, folder, [&loop, &told, &kept] {
      ++told;
      kept.reset();
      loop.stop();
    });
    REQUIRE(watch.has_value());
    kept = std::move(*watch);
    std::ofstream(std::string(folder) + "/a.crt") << "x";
    loop.run();
    CHECK(told == 1);
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("a folder that is not there cannot be watched") {
  Loop loop;
  const auto watch = FileWatch::watch(loop, "/nonexistent/folder", [] {});
  REQUIRE_FALSE(watch.has_value());
  CHECK(watch.error().sys_errno == ENOENT);
}

TEST_CASE("an opening of a watched file is told, what is done with it before and after is not") {
  const TemporaryFolder folder;
  const std::string path = folder.file("file.lock");
  std::ofstream file(path);
  Loop loop;
  Timer endless(loop, [] {});
  endless.start(Duration(3'600'000));
  int told = 0;
  const auto watch = OpenWatch::watch(loop, path, [&loop, &told] {
    ++told;
    loop.stop();
  });
  REQUIRE(watch.has_value());
  file << "written" << std::flush;
  file.close();
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  std::ofstream(path + ".other") << "x";
  Timer soon(loop, [&loop] { loop.stop(); });
  soon.start(Duration(1));
  loop.run();
  CHECK(told == 0);
  const std::ifstream reading(path);
  loop.run();
  CHECK(told == 1);
}

TEST_CASE("a watch of openings keeps no loop running, and may be destroyed in its callback") {
  const TemporaryFolder folder;
  const std::string path = folder.file("file.lock");
  std::ofstream(path) << "x";
  Loop loop;
  std::unique_ptr<OpenWatch> kept;
  int told = 0;
  auto watch = OpenWatch::watch(loop, path, [&loop, &told, &kept] {
    ++told;
    kept.reset();
    loop.stop();
  });
  REQUIRE(watch.has_value());
  kept = std::move(*watch);
  loop.run();
  Timer endless(loop, [] {});
  endless.start(Duration(3'600'000));
  for (int times = 0; times < 3; ++times) {
    const std::ifstream reading(path);
  }
  loop.run();
  CHECK(told == 1);
  CHECK(kept == nullptr);
}

TEST_CASE("openings of a file that is not there cannot be watched") {
  Loop loop;
  const auto watch = OpenWatch::watch(loop, "/nonexistent/file.lock", [] {});
  REQUIRE_FALSE(watch.has_value());
  CHECK(watch.error().sys_errno == ENOENT);
}
