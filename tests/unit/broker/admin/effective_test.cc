#include "tests/unit/broker/admin/admin_fixture.h"

namespace ingress::broker {
namespace {

using nlohmann::json;

TEST_CASE("a port with more policies than are looked at is told to be closed, and why") {
  AdminFixture admin;
  REQUIRE(admin.ask("POST", "/v1/machines", R"({"id":"mach_1"})").status == 201);
  const auto auth = [&admin] { return admin.ask("GET", "/v1/policy?host=p0.admin.test").body["keys"]["auth"]; };
  for (int i = 0; i < 16; ++i) {
    const json project = {{"slug", "p" + std::to_string(i)},
                          {"machine", "mach_1"},
                          {"policy", {{"auth", "public"}, {"park", std::to_string(i + 1) + "s"}}}};
    REQUIRE(admin.ask("POST", "/v1/projects", project.dump()).status == 201);
    if (i == 14) CHECK(auth().size() == 15);
  }
  const json told = auth();
  REQUIRE(told.size() == 1);
  CHECK(told[0]["value"] == "deny");
  CHECK(told[0]["from"].get<std::string>().find("16 policies") != std::string::npos);
}

}  // namespace
}  // namespace ingress::broker
