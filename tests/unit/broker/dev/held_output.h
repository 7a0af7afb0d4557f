// Ends that a screen is written to, of which nobody has to read.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <string>

#include "common/uv/owned_fd.h"

namespace ingress::test {

// A write that waits would do so for ever: the test program ends instead.
struct Patience {
  Patience() { alarm(20); }
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;
  ~Patience() { alarm(0); }
};

struct OutputEnds {
  Patience patience;
  uv::OwnedFd reader;
  uv::OwnedFd writer;

  // What is there now.
  std::string read_all() const {
    std::string text;
    std::array<char, 4096> buffer;
    pollfd polled{reader.get(), POLLIN, 0};
    while (poll(&polled, 1, 20) == 1 && (polled.revents & POLLIN) != 0) {
      const ssize_t count = read(reader.get(), buffer.data(), buffer.size());
      if (count <= 0) break;
      text.append(buffer.data(), static_cast<size_t>(count));
    }
    return text;
  }
};

struct Pipe : OutputEnds {
  Pipe() {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    reader = uv::OwnedFd(ends[0]);
    writer = uv::OwnedFd(ends[1]);
  }

  void fill() const {
    const std::string page(4096, '-');
    pollfd polled{writer.get(), POLLOUT, 0};
    while (poll(&polled, 1, 0) == 1) REQUIRE(write(writer.get(), page.data(), page.size()) > 0);
  }
};

// As a terminal's emulator has it; bytes pass as they are.
struct Terminal : OutputEnds {
  Terminal() {
    reader = uv::OwnedFd(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    std::array<char, 64> name{};
    REQUIRE(grantpt(reader.get()) == 0);
    REQUIRE(unlockpt(reader.get()) == 0);
    REQUIRE(ptsname_r(reader.get(), name.data(), name.size()) == 0);
    writer = uv::OwnedFd(open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    termios settings{};
    REQUIRE(tcgetattr(writer.get(), &settings) == 0);
    cfmakeraw(&settings);
    REQUIRE(tcsetattr(writer.get(), TCSANOW, &settings) == 0);
  }

  // Ctrl-S and Ctrl-Q.
  void hold() const { flow(TCOOFF); }
  void let_go() const { flow(TCOON); }
  void flow(int action) const {
    REQUIRE(tcflow(writer.get(), action) == 0);  // NOLINT(concurrency-mt-unsafe): tests have one thread
  }
};

}  // namespace ingress::test
