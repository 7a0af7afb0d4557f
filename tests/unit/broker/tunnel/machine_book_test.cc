#include "broker/tunnel/machine_book.h"

#include <doctest/doctest.h>

#include "broker/tunnel/port_event.h"
#include "proto/tunnel.pb.h"

namespace ingress::broker {
namespace {

MachinePorts ports(const std::string& instance, uint64_t revision, const std::vector<int>& numbers) {
  MachinePorts made;
  made.instance = instance;
  made.revision = revision;
  for (const int number : numbers) made.ports.push_back({number, ""});
  return made;
}

std::string text_of(const std::optional<MachinePorts>& known) {
  if (!known) return "unknown";
  std::string text;
  for (const MachinePort& port : known->ports) text += std::to_string(port.number) + port.process + " ";
  return text + (known->more ? "more" : "");
}

// "+3000 +4000 -5000", or "stale".
std::string came(MachineBook& book, const std::string& machine, MachinePorts list) {
  const std::optional<PortChanges> changes = book.ports_came(machine, std::move(list));
  if (!changes) return "stale";
  std::string text;
  for (const MachinePort& port : changes->opened) text += "+" + std::to_string(port.number) + " ";
  for (const MachinePort& port : changes->closed) text += "-" + std::to_string(port.number) + " ";
  return text;
}

TEST_CASE("the newest list of an agent counts, in whatever order its tunnels deliver") {
  MachineBook book;
  CHECK(came(book, "m", ports("i1", 1, {1})) == "stale");  // nobody serves
  book.instance_came("m", "i1", 1);
  CHECK(text_of(book.ports("m")) == "unknown");
  CHECK(came(book, "m", ports("i1", 2, {3000, 4000})) == "+3000 +4000 ");
  CHECK(came(book, "m", ports("i1", 1, {1})) == "stale");
  CHECK(came(book, "m", ports("i1", 2, {2})) == "stale");
  CHECK(text_of(book.ports("m")) == "3000 4000 ");
  CHECK(came(book, "m", ports("i1", 3, {4000, 5000})) == "+5000 -3000 ");
  CHECK(came(book, "m", ports("i1", 4, {})) == "-4000 -5000 ");
  CHECK(text_of(book.ports("m")) == "");
  CHECK(text_of(book.ports("other")) == "unknown");
}

TEST_CASE("another agent of the machine has to tell anew, and what has changed is told from what was there") {
  MachineBook book;
  book.instance_came("m", "i1", 1);
  came(book, "m", ports("i1", 9, {3000}));
  book.instance_came("m", "i1", 2);
  CHECK(text_of(book.ports("m")) == "3000 ");
  book.instance_came("m", "i2", 3);
  CHECK(text_of(book.ports("m")) == "unknown");
  CHECK(came(book, "m", ports("i2", 1, {3000, 4000})) == "+4000 ");
  book.went("m");
  CHECK(text_of(book.ports("m")) == "unknown");
  CHECK(came(book, "m", ports("i2", 2, {})) == "stale");
  book.instance_came("m", "i2", 4);
  CHECK(text_of(book.ports("m")) == "3000 4000 ");
  book.forget("m");
  CHECK(text_of(book.ports("m")) == "unknown");
}

std::string activity_of(const MachineBook& book, int64_t now) {
  const std::optional<MachineActivity> known = book.activity("m", now);
  if (!known) return "unknown";
  return (known->active ? "active " : "idle ") + std::to_string(known->open) + "/" +
         std::to_string(known->interactive) + " " + std::to_string(known->last_request) + " " +
         std::to_string(known->last_active);
}

TEST_CASE("a machine is active while something is open and for a minute after, and it is told when that changes") {
  MachineBook book;
  CHECK(activity_of(book, 0) == "unknown");
  CHECK_FALSE(book.activity_came("m", {5, 5, 1, 0}));
  book.instance_came("m", "i1", 1000);
  CHECK(book.activity("m", 0)->since == 1000);
  CHECK(activity_of(book, 1000) == "idle 0/0 0 0");
  CHECK(book.idle(1'000'000).empty());
  CHECK(book.activity_came("m", {2000, 2000, 2, 0}));
  CHECK_FALSE(book.activity_came("m", {3000, 3000, 0, 0}));
  CHECK(activity_of(book, 9000) == "active 2/0 3000 9000");
  CHECK(book.activity_came("m", {0, 0, 0, 1}));  // a WebSocket
  CHECK_FALSE(book.activity_came("m", {0, 0, 0, 1}));
  CHECK(book.idle(10'000'000).empty());
  CHECK_FALSE(book.activity_came("m", {0, 70'000, -1, -1}));
  CHECK(book.activity_came("m", {0, 80'000, -1, -1}));
  CHECK(activity_of(book, 90'000) == "active 0/0 3000 80000");
  CHECK(book.idle(139'999).empty());
  CHECK(book.idle(140'000) == std::vector<std::string>{"m"});
  CHECK(book.idle(140'001).empty());
  CHECK(activity_of(book, 150'000) == "idle 0/0 3000 80000");
  CHECK(book.activity_came("m", {160'000, 160'000, 1, 0}));
}

TEST_CASE("streams that an earlier process of the broker carries are use, as long as the agent tells of them") {
  MachineBook book;
  CHECK_FALSE(book.left_came("m", {1, 1}, 5));
  book.instance_came("m", "i1", 1000);
  CHECK_FALSE(book.left_came("m", {0, 0}, 1000));
  CHECK(book.left_came("m", {2, 1}, 2000));
  CHECK(activity_of(book, 90'000) == "active 2/1 0 90000");
  CHECK(book.idle(1'000'000).empty());
  book.instance_came("m", "i1", 3000);  // another tunnel of the same agent
  CHECK(activity_of(book, 90'000) == "active 2/1 0 90000");
  book.activity_came("m", {4000, 4000, 1, 1});
  CHECK_FALSE(book.left_came("m", {0, 0}, 5000));  // there is another interactive stream
  CHECK(activity_of(book, 90'000) == "active 1/1 4000 90000");
  CHECK_FALSE(book.left_came("m", {1, 0}, 6000));
  book.activity_came("m", {0, 7000, -1, -1});
  book.instance_came("m", "i2", 8000);
  CHECK(activity_of(book, 90'000) == "active 0/0 4000 7000");
}

TEST_CASE("machines that are gone are remembered, the latest of them") {
  MachineBook book;
  book.instance_came("m", "i", 1);
  book.activity_came("m", {2000, 2000, 0, 0});
  book.went("m");
  CHECK(activity_of(book, 3000) == "active 0/0 2000 2000");
  book.instance_came("m", "i", 4000);  // back: its old place is nothing any more
  for (size_t i = 0; i < MachineBook::kMostGone + 1; ++i) {
    const std::string machine = "x" + std::to_string(i);
    book.instance_came(machine, "i", 1);
    book.went(machine);
  }
  CHECK(activity_of(book, 5000) == "active 0/0 2000 2000");
  CHECK_FALSE(book.activity("x0", 0).has_value());
  CHECK(book.activity("x1", 0).has_value());
}

TEST_CASE("what an agent says of its ports is put in order, bounded and made printable") {
  tunnel::pb::Event event;
  event.mutable_ports()->set_revision(7);
  const auto add = [&event](uint32_t number, const std::string& process) {
    event.mutable_ports()->add_ports()->set_number(number);
    event.mutable_ports()->mutable_ports()->rbegin()->set_process(process);
  };
  add(5000, "b");
  add(0, "none");
  add(65536, "none");
  add(3000, "a\x1b\xff");
  add(5000, "twice");
  const MachinePorts made = machine_ports_of(event, "i");
  CHECK(made.instance == "i");
  CHECK(made.revision == 7);
  CHECK(text_of(made) == "3000a?? 5000b ");
  for (uint32_t i = 0; i < 1000; ++i) add(10000 + i, std::string(1000, 'x'));
  const MachinePorts many = machine_ports_of(event, "i");
  CHECK(many.more);
  CHECK(many.ports.size() <= MachinePorts::kMost);
  CHECK(many.ports.back().process.size() == 64);
}

}  // namespace
}  // namespace ingress::broker
