// What the one door refuses, and with which sentence.
#include "tests/unit/broker/store/store_fixture.h"

namespace ingress::broker {
namespace {

struct Filled : StoreFixture {
  Filled() {
    done(PutMachine{machine("mach_1"), true});
    done(PutMachine{machine("mach_2"), true});
    done(PutProject{project("misha", "mach_1"), true});
    done(PutProject{project("other"), true});
    done(PutService{Service{"misha", "docs", 4321, "", "{}"}, true});
    done(PutRoute{route("rt_1", {"a.com", "*.a.com"}, {"mach_2", "", "", 0}), true});
    done(PutRoute{route("rt_2", {"s.com"}, {"", "misha", "docs", 0}), true});
    done(PutDomain{Domain{"example.com", "misha", 0}});
  }
  MachineState state(const std::string& id) {
    for (const Machine& machine : snapshot().machines) {
      if (machine.id == id) return machine.state;
    }
    FAIL("no such machine");
    return MachineState::kArchived;
  }
  std::string invalid(Change change) { return refused(std::move(change), ErrorCode::kInvalidArgument); }
  std::string conflict(Change change) { return refused(std::move(change), ErrorCode::kConflict); }
  std::string missing(Change change) { return refused(std::move(change), ErrorCode::kNotFound); }
  std::vector<std::string> patterns(const std::string& id) {
    std::vector<std::string> patterns;
    for (const Route& route : snapshot().routes) {
      if (route.id != id) continue;
      for (const RoutePattern& pattern : route.patterns) patterns.push_back(pattern.pattern);
    }
    return patterns;
  }
};

TEST_CASE_FIXTURE(Filled, "ids, ports, states and JSON are checked") {
  CHECK(invalid(PutMachine{machine("Mach")}).starts_with("\"Mach\" cannot be a machine id"));
  CHECK(invalid(PutMachine{machine("www")}) == "\"www\" is reserved and cannot be a machine id");
  Machine bad = machine("m");
  bad.default_port = 0;
  CHECK(invalid(PutMachine{bad}) == "default port 0 is not a port: 1 to 65535");
  bad.default_port = 1;
  bad.metadata = "[]";
  CHECK(invalid(PutMachine{bad}) == "metadata is a JSON object of up to 64 KiB");
  bad.metadata = "{\"a\":\"" + std::string(70000, 'x') + "\"}";
  CHECK(invalid(PutMachine{bad}) == "metadata is a JSON object of up to 64 KiB");
  CHECK(invalid(PutProject{project("mi_sha")}).starts_with("\"mi_sha\" cannot be a project slug"));
  Project policy = project("p");
  policy.policy = R"({"auth":"friends"})";
  CHECK(invalid(PutProject{policy}).find("\"friends\"") != std::string::npos);
  CHECK(invalid(PutService{Service{"misha", "4096", 1, "", "{}"}}).starts_with("\"4096\" cannot be a service name"));
  CHECK(invalid(PutService{Service{"misha", "x", 65536, "", "{}"}}) == "port 65536 is not a port: 1 to 65535");
  CHECK(invalid(PutToken{Token{"tk", "mach_1", "abc", "", 0}}).starts_with("a token's hash"));
  CHECK(invalid(PutToken{Token{"t k", "mach_1", std::string(64, '0'), "", 0}}).starts_with("\"t k\" cannot be an id"));
  CHECK(invalid(PutToken{Token{"tk", "mach_1", std::string(64, '0'), std::string(257, 'x'), 0}}).find("256") !=
        std::string::npos);
  CHECK(invalid(PutDomain{Domain{"com", "misha", 0}}).find("two labels") != std::string::npos);
}

TEST_CASE_FIXTURE(Filled, "a label or an external id has 256 characters at most, however many bytes they take") {
  const auto repeated = [](const std::string& character, int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += character;
    return text;
  };
  for (const char* character : {"x", "ä", "語", "🚇"}) {
    CAPTURE(character);
    Token token{"tk", "mach_1", std::string(64, '0'), repeated(character, 256), 0};
    done(PutToken{token});
    token.label += character;
    CHECK(invalid(PutToken{token}) == "a token's label has over 256 characters");
    Route named = route("rt_3", {"c.com"}, {"mach_1", "", "", 0});
    named.external_id = repeated(character, 256);
    done(PutRoute{named});
    named.external_id += character;
    CHECK(invalid(PutRoute{named}) == "externalId has over 256 characters");
  }
}

TEST_CASE_FIXTURE(Filled, "what a change names must be there") {
  const std::string no_machine = "there is no machine \"nobody\"";
  const std::string no_project = "there is no project \"nobody\"";
  CHECK(missing(DeleteMachine{"nobody"}) == no_machine);
  CHECK(missing(PutToken{Token{"tk", "nobody", std::string(64, '0'), "", 0}}) == no_machine);
  CHECK(missing(DeleteToken{"mach_1", "tk"}) == "there is no token \"mach_1/tk\"");
  CHECK(missing(PutProject{project("p", "nobody")}) == no_machine);
  CHECK(missing(AttachMachine{"misha", "nobody"}) == no_machine);
  CHECK(missing(AttachMachine{"nobody", "mach_1"}) == no_project);
  CHECK(missing(DeleteProject{"nobody"}) == no_project);
  CHECK(missing(PutService{Service{"nobody", "x", 1, "", "{}"}}) == no_project);
  CHECK(missing(PutService{Service{"misha", "x", 1, "nobody", "{}"}}) == no_machine);
  CHECK(missing(DeleteService{"misha", "x"}) == "there is no service \"misha/x\"");
  CHECK(missing(PutRoute{route("r", {"b.com"}, {"nobody", "", "", 0})}) == no_machine);
  CHECK(missing(PutRoute{route("r", {"b.com"}, {"", "nobody", "", 0})}) == no_project);
  CHECK(missing(PutRoute{route("r", {"b.com"}, {"", "misha", "x", 0})}) == "there is no service \"misha/x\"");
  CHECK(missing(DeleteRoute{"nobody"}) == "there is no route \"nobody\"");
  CHECK(missing(PutDomain{Domain{"b.com", "nobody", 0}}) == no_project);
  CHECK(missing(DeleteDomain{"b.com"}) == "there is no domain \"b.com\"");
}

TEST_CASE_FIXTURE(Filled, "what exists cannot be created again, and is replaced without create") {
  CHECK(conflict(PutMachine{machine("mach_1"), true}) == "machine \"mach_1\" exists already");
  CHECK(conflict(PutProject{project("misha"), true}) == "project \"misha\" exists already");
  CHECK(conflict(PutService{Service{"misha", "docs", 1, "", "{}"}, true}) == "service \"misha/docs\" exists already");
  CHECK(conflict(PutRoute{route("rt_1", {"b.com"}, {"mach_1", "", "", 0}), true}) == "route \"rt_1\" exists already");
  done(PutService{Service{"misha", "docs", 1, "", "{}"}});
  CHECK(snapshot().services[0].port == 1);
  done(PutRoute{route("rt_1", {"b.com"}, {"mach_1", "", "", 0})});
  CHECK(patterns("rt_1") == std::vector<std::string>{"b.com"});
  CHECK(changes().back().operation == "route.update");
  CHECK(changes().back().before.find("*.a.com") != std::string::npos);
}

TEST_CASE_FIXTURE(Filled, "an id that differs from another in _ and - alone is taken") {
  CHECK(conflict(PutMachine{machine("mach-1"), true}) == "machine \"mach-1\" is taken by \"mach_1\"");
  done(PutRoute{route("rt_1", {"b.com"}, {"mach_1", "", "", 0})});
  done(DeleteMachine{"mach_2"});
  done(PutMachine{machine("mach-2"), true});
  CHECK(conflict(PutMachine{machine("mach_2"), true}) == "machine \"mach_2\" is taken by \"mach-2\"");
}

TEST_CASE_FIXTURE(Filled, "what something leads to cannot be deleted") {
  CHECK(conflict(DeleteMachine{"mach_1"}) ==
        "machine \"mach_1\" cannot be deleted: it is attached to project \"misha\"");
  CHECK(conflict(DeleteMachine{"mach_2"}) == "machine \"mach_2\" cannot be deleted: route \"rt_1\" leads to it");
  CHECK(conflict(DeleteProject{"misha"}) == "project \"misha\" cannot be deleted: route \"rt_2\" leads to it");
  CHECK(conflict(DeleteService{"misha", "docs"}) ==
        "service \"misha/docs\" cannot be deleted: route \"rt_2\" leads to it");
  done(PutService{Service{"misha", "db", 1, "mach_2", "{}"}});
  done(DeleteRoute{"rt_1"});
  CHECK(conflict(DeleteMachine{"mach_2"}) == "machine \"mach_2\" cannot be deleted: service \"misha/db\" is on it");
}

TEST_CASE_FIXTURE(Filled, "a service that a route of its project names beside a machine cannot be deleted") {
  done(DeleteRoute{"rt_2"});
  for (const char* target : {"mach_1", "ws-{x}"}) {
    Route owned = route("rt_3", {"{x}.b.com"}, {target, "", "docs", 0});
    owned.owner = "misha";
    done(PutRoute{owned, true});
    CHECK(conflict(DeleteService{"misha", "docs"}) ==
          "service \"misha/docs\" cannot be deleted: route \"rt_3\" leads to it");
    done(DeleteRoute{"rt_3"});
  }
  done(PutService{Service{"other", "docs", 1, "", "{}"}});
  Route others = route("rt_4", {"c.com"}, {"mach_1", "", "docs", 0});
  others.owner = "other";
  done(PutRoute{others, true});
  done(DeleteService{"misha", "docs"});
}

TEST_CASE_FIXTURE(Filled,
                  "a pattern's literal with what stands for something else is kept so, whenever it is put again") {
  const std::vector<std::string> literals = {"b.com/100%25", "b.com/pub/%2A", "b.com/%7Bx%7D", "b.com/%2541"};
  done(PutRoute{route("r", literals, {"mach_1", "", "", 0}), true});
  CHECK(patterns("r") == literals);
  for (const Route& kept : snapshot().routes) {
    if (kept.id == "r") done(PutRoute{kept});
  }
  CHECK(patterns("r") == literals);
}

TEST_CASE_FIXTURE(Filled, "a project goes with its services and domains, a machine with its tokens") {
  done(PutToken{Token{"tk", "mach_1", std::string(64, '0'), "", 0}});
  done(DeleteRoute{"rt_2"});
  done(DeleteProject{"misha"});
  CHECK(state("mach_1") == MachineState::kDetached);
  done(DeleteMachine{"mach_1"});
  const Snapshot left = snapshot();
  CHECK(left.services.empty());
  CHECK(left.domains.empty());
  CHECK(left.tokens.empty());
  CHECK(left.machines.size() == 1);
}

TEST_CASE_FIXTURE(Filled, "attaching moves the states of both machines") {
  CHECK(state("mach_1") == MachineState::kActive);
  done(AttachMachine{"misha", "mach_2"});
  CHECK(state("mach_1") == MachineState::kDetached);
  CHECK(state("mach_2") == MachineState::kActive);
  done(AttachMachine{"other", "mach_2"});
  done(AttachMachine{"misha", ""});
  CHECK(state("mach_2") == MachineState::kActive);
  done(AttachMachine{"other", ""});
  CHECK(state("mach_2") == MachineState::kDetached);
  done(PutMachine{machine("mach_2", MachineState::kStarting)});
  done(AttachMachine{"misha", "mach_2"});
  CHECK(state("mach_2") == MachineState::kStarting);
  done(PutMachine{machine("mach_2", MachineState::kArchived)});
  done(AttachMachine{"misha", "mach_1"});
  CHECK(state("mach_2") == MachineState::kArchived);
}

TEST_CASE_FIXTURE(Filled, "a put of a project keeps the machine that it has") {
  done(PutProject{project("misha", "mach_2")});
  CHECK(snapshot().projects[0].machine == "mach_1");
  done(PutProject{project("misha")});
  CHECK(snapshot().projects[0].machine == "mach_1");
}

TEST_CASE_FIXTURE(Filled, "a pattern or domain that another holds is a conflict") {
  CHECK(conflict(PutRoute{route("r", {"b.com", "*.A.com"}, {"mach_1", "", "", 0})}) ==
        "pattern \"*.a.com\" is held by route \"rt_1\"");
  CHECK(patterns("r").empty());
  CHECK(conflict(PutRoute{route("r", {"example.com"}, {"mach_1", "", "", 0})}) ==
        "\"example.com\" is a custom domain of project \"misha\"");
  CHECK(conflict(PutRoute{route("r", {"example.com"}, {"mach_1", "", "", 0}), false, true}) ==
        "\"example.com\" is a custom domain of project \"misha\"");
  CHECK(conflict(PutDomain{Domain{"a.com", "misha", 0}}) == "\"a.com\" is held by route \"rt_1\"");
  CHECK(conflict(PutDomain{Domain{"EXAMPLE.com.", "other", 0}}) ==
        "domain \"example.com\" is held by project \"misha\"");
  done(PutDomain{Domain{"example.com", "misha", 5}});
  CHECK(changes().back().operation == "domain.update");
}

TEST_CASE_FIXTURE(Filled, "overwriting takes all patterns or none, and each route that loses has its row") {
  CHECK(conflict(PutRoute{route("r", {"a.com", "example.com"}, {"mach_1", "", "", 0}), false, true})
            .find("example.com") != std::string::npos);
  CHECK(patterns("rt_1").size() == 2);
  done(PutRoute{route("r", {"a.com", "s.com"}, {"mach_1", "", "", 0}), true, true});
  CHECK(patterns("rt_1") == std::vector<std::string>{"*.a.com"});
  CHECK(patterns("rt_2").empty());
  CHECK(patterns("r") == std::vector<std::string>{"a.com", "s.com"});
  const std::vector<ChangeRow> rows = changes();
  REQUIRE(rows.size() >= 3);
  CHECK(rows[rows.size() - 3].operation == "route.update");
  CHECK(rows[rows.size() - 3].subject == "rt_1");
  CHECK(rows[rows.size() - 2].operation == "route.delete");
  CHECK(rows[rows.size() - 2].subject == "rt_2");
  CHECK(rows[rows.size() - 1].operation == "route.create");
  CHECK(snapshot().revision == rows.back().revision);
}

TEST_CASE_FIXTURE(Filled, "a route's patterns and targets are checked") {
  const RouteTarget to_machine{"mach_1", "", "", 0};
  CHECK(invalid(PutRoute{route("r", {}, to_machine)}) == "a route has one pattern at least");
  CHECK(invalid(PutRoute{route("r", {"b.com", "B.com"}, to_machine)}) == "pattern \"b.com\" stands in the route twice");
  CHECK(invalid(PutRoute{route("r", {"{x}.b.com"}, {"ws-{y}", "", "", 0})}).find("does not capture") !=
        std::string::npos);
  Route owned = route("r", {"{x}.b.com"}, {"", "{x}", "", 0});
  owned.owner = "misha";
  CHECK(invalid(PutRoute{owned}).find("only a route of the operator") != std::string::npos);
  owned.owner = "nobody";
  owned.patterns[0].target = {"ws-{x}", "", "", 0};
  CHECK(refused(PutRoute{owned}, ErrorCode::kNotFound) == "there is no project \"nobody\"");
  CHECK(invalid(PutRoute{route("r", {"b.com"}, {})}).find("to a machine or to a project") != std::string::npos);
  CHECK(invalid(PutRoute{route("r", {"b.com"}, {"mach_1", "misha", "", 0})}).find("one of them") != std::string::npos);
  CHECK(invalid(PutRoute{route("r", {"b.com"}, {"mach_1", "", "docs", 0})}).find("which only a project has") !=
        std::string::npos);
  CHECK(invalid(PutRoute{route("r", {"b.com"}, {"", "misha", "docs", 80})}).find("not both") != std::string::npos);
  CHECK(invalid(PutRoute{route("r", {"b.com"}, {"mach_1", "", "", 65536})}).find("65536") != std::string::npos);
  CHECK(invalid(PutRoute{route("r/1", {"b.com"}, to_machine)}).find("cannot be an id") != std::string::npos);
}

}  // namespace
}  // namespace ingress::broker
