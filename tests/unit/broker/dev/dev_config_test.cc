#include "broker/dev/dev_config.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "common/uv/free_address.h"
#include "common/uv/loop.h"
#include "tests/unit/temporary_folder.h"

using namespace ingress;
using namespace ingress::broker::dev;

namespace {

struct Told {
  TemporaryFolder folder;
  DevSettings settings;

  Told() {
    settings.state_dir = folder.file("state");
    settings.https = {"127.0.0.1:0"};
    settings.admin = "off";
  }
};

bool has_ipv6() { return uv::is_free({"::1", 0, ""}); }

std::string texts(const std::vector<uv::Address>& addresses) {
  std::string all;
  for (const uv::Address& address : addresses) all.append(all.empty() ? "" : " ").append(address.to_text());
  return all;
}

// Where that can be had: what `told` makes of it.
DevConfig checked(const Told& told) {
  const auto config = check(told.settings);
  if (!config) FAIL(config.error());
  return *config;
}

std::string https_of(std::vector<std::string> said) {
  Told told;
  told.settings.https = std::move(said);
  return texts(checked(told).https);
}

std::string state_dir_of(std::string said) {
  Told told;
  told.settings.state_dir = std::move(said);
  return checked(told).state_dir;
}

struct Listening {
  uv::Loop loop;
  std::unique_ptr<uv::Listener> listener;

  explicit Listening(const char* ip) {
    auto listening = uv::Listener::listen(loop, {ip, 0, ""}, [](std::unique_ptr<uv::Socket>) {});
    REQUIRE(listening);
    listener = std::move(*listening);
  }
  int port() const { return listener->local().port; }
};

// HOME, for so long.
class Home {
 public:
  explicit Home(const char* path) {
    const char* const before = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): tests have one thread
    before_ = before == nullptr ? "" : before;
    set(path);
  }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;
  ~Home() { set(before_.c_str()); }

 private:
  static void set(const char* path) { ::setenv("HOME", path, 1); }  // NOLINT(concurrency-mt-unsafe)

  std::string before_;
};

}  // namespace

TEST_CASE("a port alone is that of both families of loopback, and what another program has of it is said") {
  CHECK(https_of({":0"}) == (has_ipv6() ? "127.0.0.1:0 [::1]:0" : "127.0.0.1:0"));
  if (!has_ipv6()) return;
  const Listening other("::1");
  const std::string port = std::to_string(other.port());
  for (auto DevSettings::*setting : {&DevSettings::https, &DevSettings::http}) {
    Told told;
    told.settings.*setting = {":" + port};
    const auto config = check(told.settings);
    REQUIRE_FALSE(config);
    CHECK(config.error().find("[::1]:" + port + " is taken, another program listens there") != std::string::npos);
  }
  Told told;
  told.settings.admin = ":" + port;
  CHECK_FALSE(check(told.settings));
  told.settings.admin = "127.0.0.1:" + port;
  CHECK(check(told.settings));
}

TEST_CASE("with --lan a port alone is the network's, but the admin API's") {
  Told told;
  told.settings.lan = true;
  told.settings.https = {":0", "127.0.0.1:0"};
  told.settings.http = {":0"};
  told.settings.admin = ":0";
  const DevConfig config = checked(told);
  const std::string any = has_ipv6() ? "[::]:0" : "0.0.0.0:0";
  CHECK(texts(config.https) == any + " 127.0.0.1:0");
  CHECK(texts(config.http) == any);
  CHECK(texts(config.admin).find(" 127.0.0.1:0") != std::string::npos);
  CHECK(texts(config.admin).find(any) == std::string::npos);
}

TEST_CASE("the agent inside comes to an address that a certificate may name, which is there whatever else is said") {
  CHECK(https_of({"127.0.0.2:0"}) == "127.0.0.2:0");
  CHECK(https_of({"203.0.113.9:0"}) == "127.0.0.1:0 203.0.113.9:0");
  CHECK(https_of({"100.64.1.2:0", "[2001:db8::1]:0", "192.168.1.7:0"}) == "192.168.1.7:0 100.64.1.2:0 [2001:db8::1]:0");
  CHECK(https_of({"203.0.113.9:0", "0.0.0.0:0"}) == "0.0.0.0:0 203.0.113.9:0");
}

TEST_CASE("the folder is absolute, and a leading ~ is this user's home") {
  const Home home("/home/somebody");
  const std::string here = std::filesystem::current_path();
  CHECK(state_dir_of("~/other-dev") == "/home/somebody/other-dev");
  CHECK(state_dir_of("~") == "/home/somebody");
  CHECK(state_dir_of("other-dev") == here + "/other-dev");
  CHECK(state_dir_of("./other-dev/") == here + "/other-dev");
  CHECK(state_dir_of("../other-dev") == here + "/../other-dev");
  CHECK(state_dir_of("/tmp/~/x") == "/tmp/~/x");
  CHECK(state_dir_of("") == default_state_dir());
}

TEST_CASE("who has no home means a ~ as it stands") {
  const Home home("");
  CHECK(state_dir_of("~/other-dev") == std::filesystem::current_path().string() + "/~/other-dev");
}
