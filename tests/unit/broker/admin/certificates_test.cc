#include "broker/admin/certificates.h"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/tls/certificate_pair.h"
#include "tests/unit/temporary_folder.h"

namespace ingress::broker::admin {
namespace {

using nlohmann::json;
using Rows = std::vector<std::pair<std::string, std::string>>;

// A broker that is to get a certificate of a.example, and the operator's own files.
class WantsOne {
 public:
  WantsOne() : routes_(RoutingOptions{{"a.example"}, {}}) {
    std::filesystem::create_directory(tls_dir());
    acme::Settings settings;
    settings.dns = "any";
    acme::DeskParts desk_parts;
    desk_parts.loop = &loop_;
    desk_parts.served = &served_;
    desk_parts.tls_dir = tls_dir();
    desk_ = std::make_unique<acme::CertificateDesk>(settings, desk_parts, Snapshot{},
                                                    std::vector<std::string>{"a.example"});
    AdminParts parts;
    parts.routes = &routes_;
    parts.certificates = &served_;
    parts.desk = desk_.get();
    api_ = std::make_unique<Api>(parts);
    certificates_ = std::make_unique<Certificates>(*api_);
    certificates_->add_to(router_);
  }

  void put_file(const std::string& name, std::chrono::hours lifetime) {
    const auto pair = tls::make_self_signed({"a.example", "*.a.example", "*.machines.a.example"}, lifetime);
    REQUIRE(pair.has_value());
    std::ofstream(tls_dir() + "/" + name + ".crt") << pair->certificate;
    std::ofstream(tls_dir() + "/" + name + ".key") << pair->key;
    REQUIRE(served_.load(tls_dir(), [](const std::string&, const Error&) {}).has_value());
  }
  json get(const std::string& target) const {
    auto request = std::make_shared<Request>();
    request->method = "GET";
    request->target = *parse_target(target);
    json body;
    router_.dispatch(request, [&body](const Answer& answer) { body = json::parse(answer.body); });
    return body;
  }
  // The name of each row and of the file that it tells, page by page.
  Rows pages() const {
    Rows rows;
    json page = get("/v1/certificates?limit=1");
    while (true) {
      for (const json& row : page["items"]) {
        const std::filesystem::path file = row["file"].is_null() ? "" : row["file"].get<std::string>();
        rows.emplace_back(row["name"].get<std::string>(), file.filename().string());
      }
      if (page["next"].is_null() || rows.size() > 10) return rows;
      page = get("/v1/certificates?limit=1&cursor=" + page["next"].get<std::string>());
    }
  }

 private:
  std::string tls_dir() const { return folder_.file("tls"); }

  TemporaryFolder folder_;
  uv::Loop loop_;
  tls::ServerContext served_{{"http/1.1"}};
  RouteTable routes_;
  std::unique_ptr<acme::CertificateDesk> desk_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<Certificates> certificates_;
  Router router_;
};

TEST_CASE("an operator's file that has a wanted name, and serves it, is in the row of that name") {
  WantsOne broker;
  broker.put_file("a.example", std::chrono::hours(48));
  CHECK(broker.pages() == Rows{{"a.example", "a.example.crt"}});
  CHECK(broker.get("/v1/certificates/a.example")["source"] == "file");
}

TEST_CASE("an operator's file that has a wanted name, and is outdone there, has a row by its whole name") {
  WantsOne broker;
  broker.put_file("a.example", std::chrono::hours(48));
  broker.put_file("longer", std::chrono::hours(480));
  CHECK(broker.pages() ==
        Rows{{"a.example", "longer.crt"}, {"a.example.crt", "a.example.crt"}, {"longer", "longer.crt"}});
  CHECK(broker.get("/v1/certificates/a.example.crt")["challenge"].is_null());
  CHECK(broker.get("/v1/certificates/a.example")["challenge"] == "dns-01");
}

}  // namespace
}  // namespace ingress::broker::admin
