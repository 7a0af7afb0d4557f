#include "broker/routing/name_table.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <random>
#include <string>

namespace ingress::broker {
namespace {

struct Named {
  std::string name;
};
struct NamedMatch {
  bool operator()(const Named& node, std::string_view name) const { return node.name == name; }
};

// Few distinct hashes, so that runs collide and wrap round.
uint64_t poor_hash(std::string_view name) { return name.size() * 7 + static_cast<unsigned char>(name[0]) % 3; }

TEST_CASE("what was inserted and not erased is found, whatever collides") {
  std::mt19937 random(3);
  NameTable<Named, NamedMatch> table;
  CHECK(table.find(0, std::string_view("x")) == nullptr);
  std::map<std::string, std::unique_ptr<Named>> kept;
  for (int round = 0; round < 20000; ++round) {
    const std::string name = std::to_string(random() % 300);
    if (const auto at = kept.find(name); at != kept.end()) {
      table.erase(poor_hash(name), *at->second);
      kept.erase(at);
    } else {
      const auto made = kept.emplace(name, std::make_unique<Named>(Named{name})).first;
      table.insert(poor_hash(name), *made->second);
    }
    REQUIRE(table.size() == kept.size());
    const std::string other = std::to_string(random() % 300);
    const auto expected = kept.find(other);
    REQUIRE(table.find(poor_hash(other), std::string_view(other)) ==
            (expected == kept.end() ? nullptr : expected->second.get()));
  }
  size_t visited = 0;
  table.for_each([&visited](Named*) { ++visited; });
  CHECK(visited == kept.size());
}

}  // namespace
}  // namespace ingress::broker
