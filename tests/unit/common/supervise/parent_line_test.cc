// Both ends of the line in one process: what the parent leaves in a child's environment is put into this one's.
#include "common/supervise/parent_line.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

using namespace ingress;
using namespace ingress::supervise;

namespace {

constexpr const char* kLine = "INGRESS_PARENT_LINE";
constexpr const char* kWords = "INGRESS_PARENT_WORDS";
constexpr size_t kFirstFd = 3;
constexpr const char* kName = "0123456789abcdef";  // of kNameBytes

struct Fixture {
  Fixture() {
    ends = parent.equip(loop, program,
                        {[this] { heard += 'b'; }, [this] { heard += 's'; }, [this] { heard += 'l'; },
                         [this](const std::string& name) { heard += name; }});
    REQUIRE(ends.size() == 2);
  }
  ~Fixture() {
    for (const char* name : {kLine, kWords}) ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe): tests have one thread
  }

  // As the child finds the descriptors of `variable`, under numbers of this process.
  void leave_in_environment(const std::string& variable) {
    const std::vector<std::string>& entries = program.more_environment;
    const auto entry = std::find_if(entries.begin(), entries.end(),
                                    [&variable](const std::string& each) { return each.starts_with(variable + "="); });
    REQUIRE(entry != entries.end());
    const size_t number = std::stoul(entry->substr(variable.size() + 1));
    const int fd = ::dup(program.fds.at(number - kFirstFd));
    REQUIRE(fd >= 0);
    ::setenv(variable.c_str(), std::to_string(fd).c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  }

  // `older_parent`: one that says nothing itself.
  void start_child(bool older_parent = false) {
    leave_in_environment(kLine);
    if (!older_parent) leave_in_environment(kWords);
    ends.clear();
    child = std::make_unique<ParentLine>();
    child->listen(
        loop, [this] { told += 'a'; }, [this] { told += 'n'; });
  }

  // All that was said is heard.
  void turn() {
    for (int i = 0; i < 8; ++i) {
      loop.post([this] { loop.stop(); });
      loop.run_until_stopped();
    }
  }

  uv::Loop loop;
  uv::ChildProgram program;
  ChildLine parent;
  std::vector<uv::OwnedFd> ends;
  std::unique_ptr<ParentLine> child;
  std::string heard;  // by the parent
  std::string told;   // by the parent, to the child
};

}  // namespace

TEST_CASE("a child's words come in their order, each once, and nothing after that it leaves") {
  Fixture fixture;
  fixture.start_child();
  CHECK(fixture.child->has_parent());
  fixture.child->begin();
  fixture.child->serves();
  fixture.child->serves();
  fixture.child->leave();
  fixture.child->begin();
  fixture.turn();
  CHECK(fixture.heard == "bsl");
}

TEST_CASE("a child says each name by which it goes, whatever its bytes") {
  Fixture fixture;
  fixture.start_child();
  fixture.child->begin();
  fixture.child->rename(kName);
  std::string other(kNameBytes, '\0');
  other.replace(0, 3, "bsl");
  fixture.child->rename(other);
  fixture.child->serves();
  fixture.turn();
  CHECK(fixture.heard == "b" + std::string(kName) + other + "s");
}

TEST_CASE("a child that is started alone knows it from the start, and is not told again") {
  Fixture fixture;
  fixture.parent.tell_alone();
  fixture.start_child();
  CHECK(fixture.child->alone());
  fixture.parent.tell_next_serves();
  fixture.turn();
  CHECK(fixture.told == "n");
}

TEST_CASE("a child that is started beside another one is told when it is alone, and when the next one serves") {
  Fixture fixture;
  fixture.start_child();
  CHECK_FALSE(fixture.child->alone());
  fixture.turn();
  CHECK(fixture.told.empty());
  fixture.parent.tell_alone();
  fixture.turn();
  CHECK(fixture.child->alone());
  fixture.parent.tell_next_serves();
  fixture.turn();
  CHECK(fixture.told == "an");
}

TEST_CASE("a parent from before its own words hears of no serving and no name, which it would take for leaving") {
  Fixture fixture;
  fixture.start_child(true);
  CHECK(fixture.child->alone());
  CHECK_FALSE(fixture.child->speaks());
  fixture.child->begin();
  fixture.child->serves();
  fixture.child->rename(kName);
  fixture.turn();
  CHECK(fixture.heard == "b");
  fixture.child->leave();
  fixture.turn();
  CHECK(fixture.heard == "bl");
}

TEST_CASE("a word that the parent does not know is none") {
  Fixture fixture;
  fixture.leave_in_environment(kLine);
  const int line = std::stoi(std::getenv(kLine));  // NOLINT(concurrency-mt-unsafe)
  REQUIRE(::write(line, "?", 1) == 1);
  fixture.start_child();
  fixture.child->begin();
  fixture.turn();
  CHECK(fixture.heard == "b");
  ::close(line);
}

TEST_CASE("without a parent a child is alone, and says and hears nothing") {
  uv::Loop loop;
  ParentLine line;
  CHECK(line.alone());
  CHECK_FALSE(line.has_parent());
  line.listen(
      loop, [] {}, [] {});
  line.begin();
  line.serves();
  line.rename(kName);
  line.leave();
}
