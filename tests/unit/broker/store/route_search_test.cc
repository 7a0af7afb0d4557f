#include "broker/store/route_search.h"

#include <doctest/doctest.h>

#include "tests/unit/broker/store/store_fixture.h"

namespace ingress::broker {
namespace {

class Searched : public StoreFixture {
 public:
  Searched() { done(PutMachine{machine("mach_a"), true}); }

  void route(const std::string& id, std::vector<std::string> patterns, const std::string& external_id = "",
             const std::string& owner = "") {
    Route made;
    made.id = id;
    made.external_id = external_id;
    made.owner = owner;
    for (std::string& pattern : patterns) {
      RoutePattern row;
      row.pattern = std::move(pattern);
      row.target.machine = "mach_a";
      made.patterns.push_back(std::move(row));
    }
    done(PutRoute{std::move(made), true, false});
  }

  FoundRoutes search(const RouteSearch& wanted) {
    std::optional<FoundRoutes> found;
    store->read([&found, &wanted](Tables& tables) { found = search_routes(tables, wanted); },
                [this](Status) { answered(); });
    wait(1);
    REQUIRE(found.has_value());
    return *found;
  }
  // Ids, page behind page.
  std::string ids(const std::string& text, size_t limit = 100, const RowFilter& filter = {}) {
    std::string ids;
    RouteSearch wanted{text, {}, limit, filter};
    do {
      const FoundRoutes found = search(wanted);
      CHECK(found.routes.size() <= limit);
      for (const Route& each : found.routes) ids += each.id + " ";
      wanted.after = found.next;
    } while (!wanted.after.empty());
    return ids;
  }
};

TEST_CASE("a route is found once, by where its text stands first") {
  Searched table;
  table.route("rt_a", {"shop.example", "*.shop.example"}, "shop-1");
  table.route("rt_b", {"x.example", "my.shop.test"}, "shop-0");
  table.route("shop", {"y.example"});
  table.route("rt_c", {"z.example"}, "shop-2");
  table.route("rt_d", {"w.example"}, "2-shop");
  for (const size_t limit : {1, 2, 3, 100}) {
    CAPTURE(limit);
    CHECK(table.ids("shop", limit) == "rt_a shop rt_b rt_c ");
    CHECK(table.ids("rt_", limit) == "rt_a rt_b rt_c rt_d ");
    CHECK(table.ids("SHOP.t", limit) == "rt_b ");
    CHECK(table.ids("nothing", limit).empty());
  }
  CHECK(table.ids("\xff").empty());
}

TEST_CASE("with a filter the filtered rows alone are searched") {
  Searched table;
  Project misha;
  misha.slug = "misha";
  table.done(PutProject{misha, true});
  table.route("rt_a", {"a.example"}, "", "misha");
  table.route("rt_b", {"b.example"});
  table.route("rt_c", {"c.example"}, "", "misha");
  RowFilter own;
  own.visible_to = "misha";
  CHECK(table.ids("example", 1, own) == "rt_a rt_c ");
  CHECK(table.ids("rt_b", 1, own).empty());
  CHECK(table.ids("c.", 1, own) == "rt_c ");
}

TEST_CASE("one call looks at a bounded number of rows, and the next goes on there") {
  Searched table;
  std::vector<Change> rows;
  for (int i = 0; i < 30000; ++i) {
    Route made;
    made.id = "rt_" + std::to_string(100000 + i);
    RoutePattern pattern;
    pattern.pattern = "h" + std::to_string(100000 + i) + ".example";
    pattern.target.machine = "mach_a";
    made.patterns.push_back(pattern);
    rows.push_back(PutRoute{std::move(made), true, false});
  }
  REQUIRE(table.commit(std::move(rows)));
  const FoundRoutes first = table.search({"29999.exam", {}, 10, {}});
  CHECK(first.routes.empty());
  REQUIRE(!first.next.empty());
  const FoundRoutes second = table.search({"29999.exam", first.next, 10, {}});
  REQUIRE(second.routes.size() == 1);
  CHECK(second.routes[0].id == "rt_129999");
  CHECK(second.next.empty());
}

TEST_CASE("a place that no search gave is refused") {
  Searched table;
  table.store->read(
      [](Tables& tables) {
        CHECK_FALSE(search_routes(tables, {"x", "zzz", 10, {}}));
        CHECK_FALSE(search_routes(tables, {"x", "r1", 10, {}}));
        RowFilter own;
        own.owner = "misha";
        CHECK_FALSE(search_routes(tables, {"x", "p1", 10, own}));
      },
      [&table](Status) { table.answered(); });
  table.wait(1);
}

}  // namespace
}  // namespace ingress::broker
