#include "broker/tunnel/machine_book.h"

#include <doctest/doctest.h>

#include "broker/tunnel/port_event.h"
#include "proto/tunnel.pb.h"

namespace ingress::broker {
namespace {

MachinePorts ports(const std::string& instance, uint64_t revision, std::vector<int> numbers) {
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

TEST_CASE("the newest list of an agent counts, in whatever order its tunnels deliver") {
  MachineBook book;
  CHECK(text_of(book.ports("m")) == "unknown");
  book.ports_came("m", ports("i1", 2, {3000}));
  book.ports_came("m", ports("i1", 1, {1}));
  book.ports_came("m", ports("i1", 2, {2}));
  CHECK(text_of(book.ports("m")) == "3000 ");
  book.ports_came("m", ports("i1", 3, {}));
  CHECK(text_of(book.ports("m")) == "");
  CHECK(text_of(book.ports("other")) == "unknown");
}

TEST_CASE("another agent of the machine begins anew, and one that is gone is forgotten") {
  MachineBook book;
  book.ports_came("m", ports("i1", 9, {3000}));
  book.instance_came("m", "i1");
  CHECK(text_of(book.ports("m")) == "3000 ");
  book.instance_came("m", "i2");
  CHECK(text_of(book.ports("m")) == "unknown");
  book.ports_came("m", ports("i2", 1, {4000}));
  CHECK(text_of(book.ports("m")) == "4000 ");
  book.went("m");
  CHECK(text_of(book.ports("m")) == "unknown");
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
