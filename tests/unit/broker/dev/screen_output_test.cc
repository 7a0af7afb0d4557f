#include "broker/dev/screen_output.h"

#include <csignal>

#include "tests/unit/broker/dev/held_output.h"

using namespace ingress;
using namespace ingress::test;
using namespace ingress::broker::dev;

namespace {

// More than a pipe or a terminal holds.
std::string long_text() {
  std::string text;
  for (int line = 0; text.size() < 400'000; ++line) text += "line " + std::to_string(line) + "\n";
  return text;
}

void check_that_all_comes(const OutputEnds& ends) {
  const std::string text = long_text();
  ScreenOutput output(ends.writer.get());
  REQUIRE(output.begin(text));
  CHECK_FALSE(output.finish());
  CHECK_FALSE(output.begin("too early\n"));
  std::string seen;
  for (int look = 0; look < 1000 && !output.finish(); ++look) seen += ends.read_all();
  CHECK(output.begin("the end\n"));
  seen += ends.read_all();
  CHECK(seen == text + "the end\n");
}

}  // namespace

TEST_CASE("who does not read a pipe holds up nobody, and gets all of it in the end") {
  const Pipe pipe;
  check_that_all_comes(pipe);
}

TEST_CASE("a terminal whose emulator is stopped holds up nobody, and gets all of it in the end") {
  const Terminal terminal;
  check_that_all_comes(terminal);
}

TEST_CASE("a terminal that is held gets nothing, and what comes once it is let go") {
  const Terminal terminal;
  ScreenOutput output(terminal.writer.get());
  terminal.hold();
  CHECK_FALSE(output.begin("a"));
  terminal.let_go();
  CHECK(output.begin("b"));
  CHECK(terminal.read_all() == "b");
}

TEST_CASE("what a full pipe takes nothing of is not begun") {
  const Pipe pipe;
  ScreenOutput output(pipe.writer.get());
  pipe.fill();
  CHECK_FALSE(output.begin("a"));
  const std::string filling = pipe.read_all();
  CHECK(filling.find('a') == std::string::npos);
  CHECK(output.begin("b"));
  CHECK(pipe.read_all() == "b");
}

TEST_CASE("the description that others share still waits") {
  const Pipe pipe;
  const Terminal terminal;
  for (const int fd : {pipe.writer.get(), terminal.writer.get()}) {
    ScreenOutput output(fd);
    CHECK(output.begin("a"));
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
  }
}

TEST_CASE("what nobody can read any more is done with") {
  Pipe pipe;
  ScreenOutput output(pipe.writer.get());
  pipe.reader = uv::OwnedFd();
  signal(SIGPIPE, SIG_IGN);
  CHECK(output.begin("a"));
  CHECK(output.finish());
}
