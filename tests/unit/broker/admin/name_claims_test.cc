#include "broker/admin/name_claims.h"

#include <doctest/doctest.h>

#include <utility>

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

TEST_CASE_FIXTURE(Claims, "a name that a request for another's may be spelled as is another's, wildcards too") {
  const std::pair<const char*, const char*> pairs[] = {
      {"a--*.c.org", "a__foo.c.org"},
      {"*--b.c.org", "a__b.c.org"},
      {"*-b.c.org", "a__b.c.org"},
      {"a-*.c.org", "a__x.c.org"},
      {"a--*.c.org", "a__f*.c.org"},
      {"a__*.c.org", "a-*foo.c.org"},
      {"a__b--c.x.org", "a--b--c.x.org"},
      {"a__b--*.x.org", "a--b--c.x.org"},
      {"a__b---c.x.org", "a--b---c.x.org"},
      {"a-*.c.org", "*_x.c.org"},
      {"a__-b.c.org", "a---b.c.org"},
      {"a__b.*.c.org", "a--b.*.c.org"},
      {"a__b_c.under_score.org", "a--b_c.under_score.org"},
  };
  for (const auto& pair : pairs) {
    const auto& one = pair.first;
    const auto& other = pair.second;
    CAPTURE(one);
    CAPTURE(other);
    holds({one});
    CHECK(taken(other));
    CHECK_FALSE(taken(other, NameKind::kHost, "vict"));
    done(DeleteRoute{"rt_vict"});
    holds({other});
    CHECK(taken(one));
    done(DeleteRoute{"rt_vict"});
  }
}

TEST_CASE_FIXTURE(Claims, "a domain's own name may be spelled otherwise, and what is below it not") {
  done(PutDomain{{"a__b.c.org", "vict", 0}});
  CHECK(taken("a--b.c.org"));
  CHECK(taken("a--*.c.org"));
  CHECK(taken("a--b.c.org", NameKind::kDomain));
  CHECK(taken("x.a__b.c.org"));
  CHECK_FALSE(taken("x.a--b.c.org"));
  holds({"d--e.c.org", "x.f__g.c.org"});
  CHECK(taken("d__e.c.org", NameKind::kDomain));
  CHECK(taken("f__g.c.org", NameKind::kDomain));
  CHECK_FALSE(taken("f--g.c.org", NameKind::kDomain));
}

TEST_CASE_FIXTURE(Claims, "what no request mixes is free: later labels, single separators and other lengths") {
  holds({"x.a__b.c.org", "my_app.d.org", "a__b.e.org", "a*.f_g.org"});
  for (const char* free :
       {"x.a--b.c.org", "*.a--b.c.org", "a--b.c.org", "my-app.d.org", "a-b.e.org", "a---b.e.org", "a1.f-g.org"}) {
    CAPTURE(free);
    CHECK_FALSE(taken(free));
  }
}

TEST_CASE_FIXTURE(Claims, "the looks are counted over the asking project's own names, too") {
  std::vector<Change> changes;
  for (int i = 0; i < 10001; ++i) {
    Route own = route("rt_" + std::to_string(i), {"h" + std::to_string(i) + ".many.net"}, {"mach_1"});
    own.owner = "evil";
    changes.emplace_back(PutRoute{own, true});
  }
  REQUIRE(commit(std::move(changes)).has_value());
  CHECK(taken("*.many.net"));
  CHECK_FALSE(taken("new.many.net"));
  CHECK_FALSE(taken("*.few.net"));
}

TEST_CASE_FIXTURE(Claims, "who has a host, on any path, in that very spelling") {
  holds({"a__b.c.org/x", "*.w.org/y", "a--b.q.org"});
  const auto has = [this](const char* host, const char* owner) {
    bool answer = false;
    store->read([&](Tables& tables) { answer = tables.has_host(host, owner); }, [this](Status) { answered(); });
    wait(1);
    return answer;
  };
  CHECK(has("a__b.c.org", "vict"));
  CHECK(has("*.w.org", "vict"));
  CHECK(has("a--b.q.org", "vict"));
  CHECK_FALSE(has("a--b.c.org", "vict"));
  CHECK_FALSE(has("a__b.q.org", "vict"));
  CHECK_FALSE(has("a__b.c.org", "evil"));
  CHECK_FALSE(has("b.w.org", "vict"));
}

TEST_CASE_FIXTURE(Claims, "the operator's names are another's, too") {
  done(PutRoute{route("rt_op", {"app.shared.net"}, {"mach_1"}), true});
  CHECK(taken("*.shared.net"));
}

TEST_CASE("the grammar has the names of machines, projects and services under each DOMAIN, and no others") {
  const std::vector<std::string> domains = {"iterate.app", "second.example.org"};
  for (const char* host : {"misha.iterate.app", "4096__misha.iterate.app", "docs--misha.second.example.org",
                           "docs.misha.iterate.app", "x.machines.iterate.app", "4096__x.machines.iterate.app",
                           "machines.iterate.app", "a.b.machines.second.example.org"}) {
    CAPTURE(host);
    CHECK(is_grammar_host(host, domains));
  }
  for (const char* host : {"iterate.app", "www.iterate.app", "a.b.c.iterate.app", "xiterate.app", "example.org",
                           "misha.example.org", "machines", "machines.example.org"}) {
    CAPTURE(host);
    CHECK_FALSE(is_grammar_host(host, domains));
  }
}

TEST_CASE("a machine's names for itself are nobody's, but for those under a DOMAIN") {
  const std::vector<std::string> domains = {"dev.localhost", "iterate.app"};
  for (const char* own : {"localhost", "shop.localhost", "localhost.localdomain", "*.localhost"}) {
    CAPTURE(own);
    CHECK(is_loopback_host(own, domains));
  }
  for (const char* other :
       {"misha.dev.localhost", "dev.localhost", "*__misha.dev.localhost", "localhost.example.com"}) {
    CAPTURE(other);
    CHECK_FALSE(is_loopback_host(other, domains));
  }
}

}  // namespace
}  // namespace ingress::broker::admin
