#include "broker/admin/name_claims.h"

#include <doctest/doctest.h>

#include "tests/unit/broker/store/store_fixture.h"

namespace ingress::broker::admin {
namespace {

// `vict` has names; whether they are another's for who asks.
class Claims : public StoreFixture {
 public:
  Claims() {
    done(PutMachine{machine("mach_1"), true});
    done(PutProject{project("vict"), true});
    done(PutProject{project("evil"), true});
  }
  void holds(const std::vector<std::string>& patterns) {
    Route held = route("rt_vict", patterns, {"mach_1"});
    held.owner = "vict";
    done(PutRoute{held, true});
  }
  bool taken(const std::string& host, NameKind kind = NameKind::kHost, const std::string& by = "evil") {
    bool answer = false;
    store->read([&](Tables& tables) { answer = is_anothers(host, kind, by, tables); }, [this](Status) { answered(); });
    wait(1);
    return answer;
  }
};

TEST_CASE_FIXTURE(Claims, "a wildcard or domain over another's name is another's, on whatever path that is held") {
  holds({"app.shared.net/api/*", "a.b.deep.net", "ws-*.wild.net"});
  for (const char* over : {"app.shared.net", "*.shared.net", "**.shared.net", "a*.shared.net", "*p.shared.net",
                           "**.net", "*.b.deep.net", "a.*.deep.net", "*.*.deep.net", "**.deep.net", "*.wild.net",
                           "*-ide.wild.net", "ws-1.wild.net", "w*.wild.net"}) {
    CAPTURE(over);
    CHECK(taken(over));
    CHECK_FALSE(taken(over, NameKind::kHost, "vict"));
  }
  for (const char* over : {"shared.net", "app.shared.net", "deep.net", "b.deep.net", "wild.net"}) {
    CAPTURE(over);
    CHECK(taken(over, NameKind::kDomain));
    CHECK_FALSE(taken(over, NameKind::kDomain, "vict"));
  }
}

TEST_CASE_FIXTURE(Claims, "a name beside another's is free") {
  holds({"app.shared.net/api/*", "a.b.deep.net", "ws-*.wild.net"});
  for (const char* beside :
       {"shared.net", "other.shared.net", "b*.shared.net", "x.app.shared.net", "*.app.shared.net", "app.shared.net.org",
        "*.deep.net", "x.*.deep.net", "ide-1.wild.net", "ws-.wild.net", "xshared.net", "*.xshared.net"}) {
    CAPTURE(beside);
    CHECK_FALSE(taken(beside));
  }
  for (const char* beside : {"app.shared.com", "x.app.shared.net", "hared.net", "other.shared.net"}) {
    CAPTURE(beside);
    CHECK_FALSE(taken(beside, NameKind::kDomain));
  }
}

TEST_CASE_FIXTURE(Claims, "a domain holds all below it, and a wildcard over any of that is another's") {
  done(PutDomain{{"shop.acme.com", "vict", 0}});
  for (const char* name : {"shop.acme.com", "x.shop.acme.com", "*.shop.acme.com", "*.acme.com", "**.acme.com",
                           "*.*.acme.com", "a.*.acme.com", "x.y.*.acme.com"}) {
    CAPTURE(name);
    CHECK(taken(name));
  }
  CHECK(taken("acme.com", NameKind::kDomain));
  CHECK_FALSE(taken("acme.com"));
  CHECK_FALSE(taken("b*.acme.com"));
  CHECK_FALSE(taken("shops.acme.com", NameKind::kDomain));
}

TEST_CASE_FIXTURE(Claims, "a wildcard in the middle of another's name stands for what is asked for") {
  holds({"x.*.mid.victim.com", "a__b.spelled.com", "*__w.spelled.com"});
  CHECK(taken("x.y.mid.victim.com"));
  CHECK(taken("x.y.mid.victim.com", NameKind::kDomain));
  CHECK(taken("y.mid.victim.com", NameKind::kDomain));
  CHECK_FALSE(taken("z.y.mid.victim.com"));
  // The other spelling of a route's name leads to it.
  CHECK(taken("a--b.spelled.com"));
  CHECK(taken("4--w.spelled.com"));
  CHECK_FALSE(taken("a-b.spelled.com"));
}

TEST_CASE_FIXTURE(Claims, "the operator's names are another's, too") {
  done(PutRoute{route("rt_op", {"app.shared.net"}, {"mach_1"}), true});
  CHECK(taken("*.shared.net"));
}

}  // namespace
}  // namespace ingress::broker::admin
