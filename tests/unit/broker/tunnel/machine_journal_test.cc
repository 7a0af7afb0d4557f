#include "broker/tunnel/machine_journal.h"

#include <doctest/doctest.h>

namespace ingress::broker {
namespace {

std::string text_of(const MachineJournal::Page& page) {
  std::string text = page.lost ? "lost " : "";
  for (const MachineEvent& event : page.events) text += std::to_string(event.id) + event.type + " ";
  return text;
}

TEST_CASE("events of a machine are read from any one on, a piece at a time") {
  MachineJournal journal(100);
  CHECK(text_of(journal.read("m", 0, 10)) == "");
  journal.add("m", 1, "a", "{}");
  journal.add("other", 2, "b", "{}");
  journal.add("m", 3, "c", "{\"x\":1}");
  journal.add("m", 4, "d", "{}");
  CHECK(text_of(journal.read("m", 0, 10)) == "101a 103c 104d ");
  CHECK(text_of(journal.read("m", 0, 2)) == "101a 103c ");
  CHECK(text_of(journal.read("m", 103, 10)) == "104d ");
  CHECK(text_of(journal.read("m", 104, 10)) == "");
  CHECK(text_of(journal.read("other", 0, 10)) == "102b ");
  const MachineEvent event = journal.read("m", 101, 1).events.front();
  CHECK(event.at == 3);
  CHECK(event.data == "{\"x\":1}");
}

TEST_CASE("the oldest events of a machine go, and who asks from before is told so") {
  MachineJournal journal(0);
  for (size_t i = 0; i < MachineJournal::kMostOfMachine + 5; ++i) journal.add("m", 1, "a", "{}");
  CHECK(journal.read("m", 0, 1000).events.size() == MachineJournal::kMostOfMachine);
  CHECK_FALSE(journal.read("m", 0, 1000).lost);  // who asks for all that there is
  CHECK(journal.read("m", 4, 1000).lost);
  CHECK_FALSE(journal.read("m", 5, 1000).lost);
}

TEST_CASE("an id of an earlier process is one from before") {
  MachineJournal journal(1000);
  journal.add("m", 1, "a", "{}");
  CHECK(text_of(journal.read("m", 17, 10)) == "lost 1001a ");
}

TEST_CASE("all machines together have a bound, and the oldest events go first") {
  MachineJournal journal(0);
  const std::string data(100'000, 'x');
  for (int i = 0; i < 300; ++i) journal.add("m" + std::to_string(i), 1, "a", data);
  CHECK(journal.read("m0", 0, 10).events.empty());
  CHECK(journal.read("m299", 0, 10).events.size() == 1);
  size_t kept = 0;
  for (int i = 0; i < 300; ++i) kept += journal.read("m" + std::to_string(i), 0, 10).events.size();
  CHECK(kept > 150);
  CHECK(kept * data.size() <= MachineJournal::kMostBytes);
  // A machine that tells very much leaves others theirs, but for the bound on all.
  for (int i = 0; i < 200'000; ++i) journal.add("loud", 1, "a", "{}");
  CHECK(journal.read("loud", 0, 1000).events.size() == MachineJournal::kMostOfMachine);
}

TEST_CASE("who follows a machine is told of each event of it, until it lets go") {
  MachineJournal journal(0);
  int told = 0;
  auto follower = std::make_shared<const std::function<void()>>([&told] { ++told; });
  journal.follow("m", follower);
  journal.add("m", 1, "a", "{}");
  journal.add("other", 1, "a", "{}");
  CHECK(told == 1);
  journal.forget("m");
  CHECK(told == 2);
  CHECK(journal.read("m", 0, 10).events.empty());
  follower.reset();
  journal.add("m", 1, "a", "{}");
  CHECK(told == 2);
}

}  // namespace
}  // namespace ingress::broker
