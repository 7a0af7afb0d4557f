#include "ctl/declaration.h"

#include <doctest/doctest.h>

#include <fstream>

#include "common/tls/digest.h"
#include "tests/unit/temporary_folder.h"

namespace ingress::ctl {
namespace {

std::vector<std::string> lines_of(const std::vector<PlannedStep>& plan) {
  std::vector<std::string> lines;
  lines.reserve(plan.size());
  for (const PlannedStep& step : plan) lines.push_back(step.line);
  return lines;
}

ProjectNow there() {
  ProjectNow now;
  now.project = Json::parse(R"({"slug":"misha","machine":"mach_1","defaultPort":3000,"suspended":false,
                               "policy":{"auth":"public","host":"preserve"},"metadata":{},"limits":{}})");
  now.services = Json::parse(R"([{"name":"docs","port":4000,"machine":null,"policy":{}},
                                 {"name":"old","port":1,"machine":null,"policy":{}}])");
  now.domains = Json::parse(R"([{"name":"old.example.com"},{"name":"example.com"}])");
  return now;
}

TEST_CASE("a file that says what is there already plans nothing, whatever the order of members") {
  const Json declared = Json::parse(R"({"slug":"misha","defaultPort":3000,"machine":"mach_1",
                                        "policy":{"host":"preserve","auth":"public"}})");
  CHECK(plan_of(declared, there()).empty());
}

TEST_CASE("a new project comes with all that the file names, its project first") {
  const Json declared = Json::parse(R"({"slug":"misha","defaultPort":5173,"machine":"mach_1",
                                        "services":{"docs":{"port":4000}},"domains":["example.com"]})");
  const std::vector<PlannedStep> plan = plan_of(declared, {});
  CHECK(lines_of(plan) == std::vector<std::string>{"+ project misha: defaultPort 5173", "~ machine mach_1",
                                                   "+ service docs: port 4000", "+ domain example.com"});
  CHECK(plan[0].operation == Json::parse(R"({"method":"POST","path":"/v1/projects",
                                             "body":{"slug":"misha","defaultPort":5173}})"));
  CHECK(plan[2].operation["path"] == "/v1/projects/misha/services/docs");
  CHECK(plan[2].operation["body"] == Json::parse(R"({"port":4000,"machine":null,"policy":{}})"));
}

TEST_CASE("services and domains that a file no longer names go; what it does not speak of stays") {
  const Json declared =
      Json::parse(R"({"slug":"misha","services":{"docs":{"port":4001}},"domains":["new.example.com"]})");
  CHECK(lines_of(plan_of(declared, there())) ==
        std::vector<std::string>{"~ service docs: port 4001", "- service old", "- domain old.example.com",
                                 "- domain example.com", "+ domain new.example.com"});
  CHECK(plan_of(Json::parse(R"({"slug":"misha"})"), there()).empty());
}

TEST_CASE("of a service that is there the machine and the policy stay where the file does not speak of them") {
  ProjectNow now = there();
  now.services = Json::parse(R"([{"name":"docs","port":4000,"machine":"mach_2","policy":{"auth":"share"}}])");
  now.service_tags["docs"] = "\"tag\"";
  const auto plan = [&now](const std::string& docs) {
    return plan_of(Json::parse(R"({"slug":"misha","services":{"docs":)" + docs + "}}"), now);
  };
  const auto body = [&plan](const std::string& docs) { return plan(docs).at(0).operation["body"]; };
  CHECK(plan(R"({"port":4000})").empty());
  CHECK(lines_of(plan(R"({"port":4001})")) == std::vector<std::string>{"~ service docs: port 4001"});
  CHECK(plan(R"({"port":4001})").at(0).operation["ifMatch"] == "\"tag\"");
  CHECK(body(R"({"port":4001})") == Json::parse(R"({"port":4001,"machine":"mach_2","policy":{"auth":"share"}})"));
  for (const char* none : {"null", R"("")"}) {
    CAPTURE(none);
    CHECK(body(R"({"port":4000,"machine":)" + std::string(none) + "}") ==
          Json::parse(R"({"port":4000,"machine":null,"policy":{"auth":"share"}})"));
  }
  CHECK(body(R"({"port":4000,"policy":{}})") == Json::parse(R"({"port":4000,"machine":"mach_2","policy":{}})"));
  const std::vector<PlannedStep> made = plan(R"({"port":4000},"new":{"port":1})");
  REQUIRE(made.size() == 1);
  CHECK(made[0].operation["body"] == Json::parse(R"({"port":1,"machine":null,"policy":{}})"));
  CHECK_FALSE(made[0].operation.contains("ifMatch"));
}

TEST_CASE("a domain is the same in capitals and with a dot at its end") {
  const Json declared =
      Json::parse(R"({"slug":"misha","domains":["EXAMPLE.com.","Old.example.com","old.example.com"]})");
  CHECK(plan_of(declared, there()).empty());
  const Json fewer = Json::parse(R"({"slug":"misha","domains":["Example.COM","New.Example.com"]})");
  const std::vector<PlannedStep> plan = plan_of(fewer, there());
  CHECK(lines_of(plan) == std::vector<std::string>{"- domain old.example.com", "+ domain new.example.com"});
  CHECK(plan[1].operation["body"]["name"] == "new.example.com");
}

TEST_CASE("a plan shows no secret of a policy, and what is done has it") {
  const Json declared = Json::parse(R"({"slug":"misha",
      "policy":{"auth":[{"basic":{"users":{"a":"hunter2"}}},"share"]},
      "services":{"docs":{"port":4000,"policy":{"auth":{"bearer":{"tokens":["hunter3"]}}}},"old":{"port":1}}})");
  const std::vector<PlannedStep> plan = plan_of(declared, there());
  REQUIRE(plan.size() == 2);
  for (const PlannedStep& step : plan) {
    CHECK(step.line.find("hunter") == std::string::npos);
    CHECK(step.line.find("(hidden)") != std::string::npos);
    CHECK(step.operation.dump().find("hunter") != std::string::npos);
  }
}

TEST_CASE("a secret that the broker has already, as a hash, is no change") {
  const auto policy = [](const std::string& password, const std::string& token) {
    return Json{{"auth", Json::array({Json{{"basic", {{"users", {{"a", password}}}}}},
                                      Json{{"bearer", {{"tokens", Json::array({token})}}}}})}};
  };
  ProjectNow now = there();
  const std::string token = "sha256:" + tls::sha256_hex("secret");
  now.project["policy"] = policy("sha256:salt:" + tls::sha256_hex("saltsecret"), token);
  const auto steps = [&now, &policy](const std::string& password, const std::string& shown) {
    return plan_of(Json{{"slug", "misha"}, {"policy", policy(password, shown)}}, now).size();
  };
  CHECK(steps("secret", "secret") == 0);
  CHECK(steps("secret", token) == 0);
  CHECK(steps("other", "secret") == 1);
  CHECK(steps("secret", "other") == 1);
}

TEST_CASE("the machine is detached by null, and in TOML, which has none, by an empty name") {
  for (const char* none : {"null", R"("")"}) {
    CAPTURE(none);
    const Json declared = Json::parse(R"({"slug":"misha","machine":)" + std::string(none) + "}");
    ProjectNow now = there();
    const std::vector<PlannedStep> plan = plan_of(declared, now);
    REQUIRE(plan.size() == 1);
    CHECK(plan[0].operation == Json::parse(R"({"method":"DELETE","path":"/v1/projects/misha/machine"})"));
    now.project["machine"] = nullptr;
    CHECK(plan_of(declared, now).empty());
  }
}

TEST_CASE("a member that is unknown or of another type is told by its name") {
  for (const auto& [text, part] : {std::pair{R"({"defaultPort":1})", "slug"},
                                   {R"({"slug":"a","port":1})", "port is not known"},
                                   {R"({"slug":"a","services":{"docs":{}}})", "services.docs has no port"},
                                   {R"({"slug":"a","services":{"docs":{"port":1,"x":1}}})", "services.docs.x"},
                                   {R"({"slug":"a","services":[]})", "services is not a table"},
                                   {R"({"slug":"a","domains":"x"})", "domains"}}) {
    const Outcome<bool> good = check_declaration(Json::parse(text));
    REQUIRE_FALSE(good.has_value());
    CHECK(good.error().sentence.find(part) != std::string::npos);
  }
}

TEST_CASE("TOML and JSON say the same") {
  const TemporaryFolder folder;
  std::ofstream(folder.file("a.toml"))
      << "slug = \"misha\"\ndefaultPort = 5173\ndomains = [\"example.com\"]\n"
         "[policy]\nauth = [\"public\", \"share\"]\n"
         "[services.docs]\nport = 4000\n[services.docs.policy]\nhost = \"pre\\\"serve\"\n";
  std::ofstream(folder.file("b.json")) << R"({"slug":"misha","defaultPort":5173,"domains":["example.com"],
    "policy":{"auth":["public","share"]},"services":{"docs":{"port":4000,"policy":{"host":"pre\"serve"}}}})";
  const Outcome<Json> toml = read_declaration(folder.file("a.toml"));
  const Outcome<Json> json = read_declaration(folder.file("b.json"));
  REQUIRE(toml.has_value());
  REQUIRE(json.has_value());
  CHECK(nlohmann::json::parse(toml->dump()) == nlohmann::json::parse(json->dump()));
}

TEST_CASE("a file that is neither is said to be so, and so is one that is not there") {
  const TemporaryFolder folder;
  std::ofstream(folder.file("a.toml")) << "slug = \n";
  CHECK(read_declaration(folder.file("a.toml")).error().sentence.find("is not TOML") != std::string::npos);
  CHECK(read_declaration(folder.file("none.toml")).error().sentence.find("cannot read") != std::string::npos);
}

}  // namespace
}  // namespace ingress::ctl
