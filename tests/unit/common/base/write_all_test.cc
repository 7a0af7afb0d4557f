#include "common/base/write_all.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>

using namespace ingress;

TEST_CASE("more than a pipe holds is written whole, for who reads it in pieces") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const std::string text(300000, 'x');
  std::string read_back;
  std::thread reader([&read_back, from = ends[0]] {
    char piece[1000];
    for (ssize_t count = 0; (count = ::read(from, piece, sizeof piece)) > 0;) {
      read_back.append(piece, static_cast<size_t>(count));
    }
  });
  CHECK(write_all(ends[1], text));
  close(ends[1]);
  reader.join();
  close(ends[0]);
  CHECK(read_back == text);
}

TEST_CASE("a write that fails is told, with its errno") {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  CHECK_FALSE(write_all(full, "text"));
  CHECK(errno == ENOSPC);
  close(full);
  CHECK(write_all(-1, ""));
}
