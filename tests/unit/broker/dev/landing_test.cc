#include "broker/dev/landing.h"

#include <doctest/doctest.h>

using namespace ingress;
using namespace ingress::broker;
using namespace ingress::broker::dev;

namespace {

DevConfig on_network(std::vector<uv::Address> https) {
  DevConfig config;
  config.project = "dev";
  config.machine = "laptop";
  config.lan = true;
  config.https = std::move(https);
  return config;
}

std::vector<std::string> urls_of(const DevConfig& config) {
  const MachineBook book;
  Landing landing(config, book);
  landing.set_https_port(config.https.front().port == 0 ? 9443 : config.https.front().port);
  return landing.network_urls({"10.9.8.7", "fd00::7"});
}

}  // namespace

TEST_CASE("devices of the network come to the port that is the network's") {
  const std::vector<std::string> wanted = {"https://10.9.8.7:8443/?__host=dev.localhost",
                                           "https://[fd00::7]:8443/?__host=dev.localhost"};
  CHECK(urls_of(on_network({{"::", 8443, ""}})) == wanted);
  CHECK(urls_of(on_network({{"127.0.0.1", 9443, ""}, {"0.0.0.0", 8443, ""}})) == wanted);
  CHECK(urls_of(on_network({{"::", 443, ""}})).front() == "https://10.9.8.7/?__host=dev.localhost");
  CHECK(urls_of(on_network({{"::", 0, ""}})).front() == "https://10.9.8.7:9443/?__host=dev.localhost");
}

TEST_CASE("where https is this machine's alone devices of the network are told of no URL") {
  CHECK(urls_of(on_network({{"127.0.0.1", 8443, ""}, {"::1", 8443, ""}})).empty());
  DevConfig config = on_network({{"::", 8443, ""}});
  config.lan = false;
  CHECK(urls_of(config).empty());
}

TEST_CASE("the page gives way to an app that redirects to another origin, which it may not follow") {
  const DevConfig config = on_network({{"127.0.0.1", 8443, ""}});
  const MachineBook book;
  const std::string page = Landing(config, book).page("");
  CHECK(page.find("redirect:\"manual\"") != std::string::npos);
  CHECK(page.find("if(!answer.headers.has(\"X-Ingress-Landing\")){location.reload();return}") != std::string::npos);
}
