#include "broker/routing/host_name.h"

#include <doctest/doctest.h>

#include <string>

namespace ingress::broker {
namespace {

std::string read(std::string_view host) {
  HostName name;
  const Status done = name.assign(host);
  if (done) return std::string(name.text());
  CHECK(done.error().code == ErrorCode::kInvalidHost);
  CHECK(name.text().empty());
  return "refused";
}

TEST_CASE("case, one trailing dot and the port are taken off") {
  CHECK(read("misha.iterate.app") == "misha.iterate.app");
  CHECK(read("MiSha.Iterate.APP") == "misha.iterate.app");
  CHECK(read("misha.iterate.app.") == "misha.iterate.app");
  CHECK(read("misha.iterate.app:8443") == "misha.iterate.app");
  CHECK(read("misha.iterate.app.:8443") == "misha.iterate.app");
  CHECK(read("misha.iterate.app:") == "misha.iterate.app");
  CHECK(read("4096__mach_1-2.machines.iterate.app") == "4096__mach_1-2.machines.iterate.app");
  CHECK(read("127.0.0.1:80") == "127.0.0.1");
  CHECK(read("-") == "-");
}

TEST_CASE("what is no host is refused") {
  for (const std::string_view bad :
       {"",          ".",   "..",    ":80",      ".:80", "a..b", ".a",   "a..",     "a b",  "a/b", "a@b", "a%41",
        "m\xc3\xa4", "a*b", "[::1]", "[::1]:80", "::1",  "a:b",  "a:8o", "a:80:80", "a:-1", "a,b", "a\r", "*"}) {
    CAPTURE(bad);
    CHECK(read(bad) == "refused");
  }
  CHECK(read(std::string_view("a\0b", 3)) == "refused");
}

TEST_CASE("a refusal says which rule the host breaks") {
  const auto rule = [](std::string_view host) {
    HostName name;
    return std::string(name.assign(host).error().context);
  };
  CHECK(rule("a:b") == "the Host's port is not a number");
  CHECK(rule("") == "the Host is empty");
  CHECK(rule("a..b") == "the Host has a label that is empty or over 63 bytes");
  CHECK(rule("a/b") == "the Host has a character that no host name has");
  CHECK(rule(std::string(254, 'a')) == "the Host has over 253 bytes");
}

TEST_CASE("every byte but [A-Za-z0-9_-.:] is refused") {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool good = std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:").find(c) !=
                      std::string_view::npos;
    CAPTURE(byte);
    CHECK((read(std::string("a") + c) != "refused") == good);
  }
}

TEST_CASE("a label has up to 63 bytes, a host up to 253") {
  const std::string label(63, 'a');
  CHECK(read(label) == label);
  CHECK(read(label + "a") == "refused");
  CHECK(read("b." + label + "a.c") == "refused");
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  REQUIRE(longest.size() == 253);
  CHECK(read(longest) == longest);
  CHECK(read(longest + ".:1") == longest);
  CHECK(read(longest + "a") == "refused");
  CHECK(read(std::string(100000, 'a')) == "refused");
}

TEST_CASE("labels are taken from both ends") {
  CHECK(first_label("a.b.c") == "a");
  CHECK(after_first_label("a.b.c") == "b.c");
  CHECK(last_label("a.b.c") == "c");
  CHECK(before_last_label("a.b.c") == "a.b");
  CHECK(after_first_label("a") == "");
  CHECK(before_last_label("a") == "");
}

}  // namespace
}  // namespace ingress::broker
