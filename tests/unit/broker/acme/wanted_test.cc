#include "broker/acme/wanted.h"

#include <doctest/doctest.h>

namespace ingress::broker::acme {
namespace {

Project project(const std::string& slug, bool wildcard = false, int64_t created_at = 100) {
  Project made;
  made.slug = slug;
  made.created_at = created_at;
  made.wildcard_certificate = wildcard;
  return made;
}

Transaction of(std::vector<Change> changes) { return {"test", 0, std::move(changes)}; }

WantedTable table(bool by_dns, bool ownership = true) {
  return WantedTable({{"iterate.app", "other.app"}, by_dns, ownership});
}

TEST_CASE("without DNS-01 only custom domains are wanted, each by itself") {
  WantedTable wanted = table(false);
  Snapshot snapshot;
  snapshot.projects = {project("misha", true)};
  snapshot.services = {{"misha", "docs", 4000, "", "{}"}};
  snapshot.domains = {{"example.com", "misha", 1}};
  wanted.load(snapshot);
  const auto list = wanted.list();
  REQUIRE(list.size() == 1);
  const Wanted& one = list.at("example.com");
  CHECK(one.names == std::vector<std::string>{"example.com"});
  CHECK(one.challenge == Challenge::kHttp01);
  CHECK(one.project == "misha");
  CHECK(one.file_name() == "example.com");
  CHECK(one.ownership == ownership_value("example.com", "misha", 100, "iterate.app"));
}

TEST_CASE("with DNS-01 each DOMAIN is wanted with its wildcards, and a project's that asks and has services") {
  WantedTable wanted = table(true);
  wanted.load({});
  CHECK(wanted.apply(of({PutProject{project("misha", true), true}})));
  CHECK(wanted.list().size() == 2);
  CHECK(wanted.list().at("iterate.app").names ==
        std::vector<std::string>{"iterate.app", "*.iterate.app", "*.machines.iterate.app"});
  CHECK(wanted.apply(of({PutService{{"misha", "docs", 4000, "", "{}"}, true}})));
  REQUIRE(wanted.list().contains("*.misha.other.app"));
  const auto list = wanted.list();
  CHECK(list.at("*.misha.iterate.app").file_name() == "_.misha.iterate.app");
  CHECK(list.at("*.misha.iterate.app").challenge == Challenge::kDns01);
  CHECK(list.at("*.misha.iterate.app").ownership.empty());
  SUBCASE("until its last service goes") {
    CHECK(wanted.apply(of({DeleteService{"misha", "docs"}})));
    CHECK(wanted.list().size() == 2);
  }
  SUBCASE("until it asks no more") {
    CHECK(wanted.apply(of({PutProject{project("misha"), false}})));
    CHECK(wanted.list().size() == 2);
  }
  SUBCASE("until it goes, with its domains") {
    CHECK(wanted.apply(of({PutDomain{{"example.com", "misha", 1}}})));
    CHECK(wanted.list().size() == 5);
    CHECK(wanted.apply(of({DeleteProject{"misha"}})));
    CHECK(wanted.list().size() == 2);
    CHECK(wanted.ownership_of("example.com").empty());
  }
}

TEST_CASE("a change that is about no certificate changes nothing") {
  WantedTable wanted = table(true);
  wanted.load({});
  wanted.apply(of({PutProject{project("misha"), true}, PutService{{"misha", "docs", 4000, "", "{}"}, true}}));
  Project renamed = project("misha");
  renamed.default_port = 5173;
  CHECK_FALSE(wanted.apply(of({PutProject{renamed, false}, PutService{{"misha", "docs", 4001, "", "{}"}, false}})));
  CHECK_FALSE(wanted.apply(of({PutMachine{}, DeleteDomain{"example.com"}})));
}

TEST_CASE("what shows ownership is another one for each domain, project, and project of the same slug made later") {
  const std::string one = ownership_value("example.com", "misha", 100, "iterate.app");
  CHECK(one.starts_with("iterate-ingress="));
  CHECK(one == ownership_value("example.com", "misha", 100, "iterate.app"));
  CHECK(one != ownership_value("example.org", "misha", 100, "iterate.app"));
  CHECK(one != ownership_value("example.com", "other", 100, "iterate.app"));
  CHECK(one != ownership_value("example.com", "misha", 101, "iterate.app"));
  CHECK(one != ownership_value("example.com", "misha", 100, "other.app"));
  CHECK(ownership_name("example.com") == "_ingress-challenge.example.com");
}

TEST_CASE("where nothing is to be shown there is no value") {
  WantedTable wanted = table(false, false);
  wanted.load({});
  wanted.apply(of({PutProject{project("misha"), true}, PutDomain{{"example.com", "misha", 1}}}));
  CHECK(wanted.list().at("example.com").ownership.empty());
}

}  // namespace
}  // namespace ingress::broker::acme
