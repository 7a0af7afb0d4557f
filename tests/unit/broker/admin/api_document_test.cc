#include "broker/admin/api_document.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "broker/policy/project_limits.h"
#include "tests/unit/broker/admin/admin_fixture.h"

namespace ingress::broker {
namespace {

using nlohmann::json;

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

TEST_CASE("what is served stands in the document, and what stands there is served") {
  AdminFixture admin;
  const json document = json::parse(admin::openapi_text());
  std::set<std::string> told;
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) told.insert(upper(method) + " " + path);
  }
  const std::vector<std::string> served = admin.server().templates();
  for (const std::string& each : served) CHECK_MESSAGE(told.contains(each), each, " is not in docs/openapi.json");
  const std::set<std::string> known(served.begin(), served.end());
  for (const std::string& each : told) CHECK_MESSAGE(known.contains(each), each, " is served by nobody");
}

// A path with something in the place of its names.
std::string filled(std::string path) {
  for (size_t at = path.find('{'); at != std::string::npos; at = path.find('{')) {
    path.replace(at, path.find('}') - at + 1, "1");
  }
  return path;
}

TEST_CASE("every operation refuses a query value that is not known") {
  AdminFixture admin;
  const json document = json::parse(admin::openapi_text());
  for (const auto& [path, methods] : document["paths"].items()) {
    if (!path.starts_with("/v1/")) continue;
    for (const auto& [method, operation] : methods.items()) {
      const std::string asked = upper(method) + " " + filled(path);
      CAPTURE(asked);
      CHECK(admin.ask(upper(method), filled(path) + "?nonsense=1").body["detail"] ==
            "query value \"nonsense\" is not known here");
    }
  }
}

TEST_CASE("every reference of the document leads somewhere, and operations have names of their own") {
  const json document = json::parse(admin::openapi_text());
  const json flat = document.flatten();
  for (const auto& row : flat.items()) {
    if (!row.key().ends_with("/$ref")) continue;
    CHECK_MESSAGE(document.contains(json::json_pointer(row.value().get<std::string>().substr(1))), row.key());
  }
  std::set<std::string> names;
  for (const auto& path : document["paths"].items()) {
    for (const auto& operation : path.value().items()) {
      CHECK_MESSAGE(names.insert(operation.value()["operationId"]).second, path.key());
    }
  }
}

TEST_CASE("the sizes that the document takes for a limit are those that are taken") {
  const json schemas = json::parse(admin::openapi_text())["components"]["schemas"];
  for (const char* schema : {"Project", "ProjectSettings", "NewProject"}) {
    const json limits = schemas[schema]["properties"]["limits"]["properties"];
    const std::regex pattern(limits["bytes_per_second"]["pattern"].get<std::string>());
    for (const std::string text : {"0",    "10",    "1234567890", "10b",  "10B", "10k", "10K",  "10m",  "2g",   "1t",
                                   "10kb", "10Kib", "10kiB",      "1GiB", "1TB", "",    "b",    "k",    "10i",  "10ib",
                                   "10bb", "10kk",  "10p",        "10 k", "-1",  "+1",  "1.5k", "0x10", "10kbi"}) {
      CAPTURE(text);
      std::string problem;
      const bool taken = parse_limits(json{{"bytes_per_second", text}}.dump(), problem).has_value();
      CHECK(std::regex_match(text, pattern) == taken);
    }
  }
}

TEST_CASE("the document and its page are served to whoever comes") {
  AdminFixture admin;
  CHECK(admin.ask("GET", "/openapi.json").body["openapi"] == "3.1.0");
  const HttpAnswer page = admin.ask("GET", "/docs");
  CHECK(page.status == 200);
  CHECK(page.head.find("Content-Security-Policy: default-src 'none'") != std::string::npos);
}

}  // namespace
}  // namespace ingress::broker
