#include "broker/dev/dev_certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>

#include "common/tls/openssl.h"
#include "tests/unit/temporary_folder.h"

using namespace ingress;
using namespace ingress::broker::dev;

namespace {

constexpr std::time_t kDay = 86400;

struct Made {
  TemporaryFolder folder;
  DevConfig config;
  std::unique_ptr<DevCertificates> certificates;
  std::time_t now = std::time(nullptr);

  explicit Made(const std::vector<std::string>& ips) {
    config.domains = {"localhost"};
    config.state_dir = folder.file("state");
    for (const std::string& ip : ips) config.https.push_back({ip, 8443, ""});
    auto opened = DevCertificates::open(config);
    REQUIRE(opened);
    certificates = std::move(*opened);
  }

  // That of who names no host.
  tls::X509Ptr read() const {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
        std::fopen((config.tls_dir() + "/default.crt").c_str(), "r"), std::fclose);
    REQUIRE(file != nullptr);
    return tls::X509Ptr(PEM_read_X509(file.get(), nullptr, nullptr, nullptr));
  }
  bool is_for(const char* ip) const { return X509_check_ip_asc(read().get(), ip, 0) == 1; }
  bool is_still(const tls::X509Ptr& before) const { return X509_cmp(before.get(), read().get()) == 0; }
};

}  // namespace

TEST_CASE("the certificate of who names no host is for each private address that https has") {
  const Made made({"127.0.0.2", "10.9.8.7", "fd00::7", "203.0.113.9", "::"});
  for (const char* ip : {"127.0.0.1", "::1", "127.0.0.2", "10.9.8.7", "fd00::7"}) {
    CAPTURE(ip);
    CHECK(made.is_for(ip));
  }
  CHECK_FALSE(made.is_for("203.0.113.9"));
  CHECK_FALSE(made.is_for("::"));
}

TEST_CASE("where https is the network's the certificate follows its addresses") {
  const Made made({"::"});
  const tls::X509Ptr first = made.read();
  made.certificates->keep_current({}, made.now);
  CHECK(made.is_still(first));
  made.certificates->keep_current({"10.9.8.7", "203.0.113.9"}, made.now);
  CHECK(made.is_for("10.9.8.7"));
  CHECK(made.is_for("127.0.0.1"));
  const tls::X509Ptr second = made.read();
  for (const std::vector<std::string>& network :
       {std::vector<std::string>{"10.9.8.7"}, {}, {"203.0.113.10", "10.9.8.7"}}) {
    made.certificates->keep_current(network, made.now);
    CHECK(made.is_still(second));
  }
}

TEST_CASE("where https is this machine's alone the network may change as it likes") {
  const Made made({"127.0.0.1", "::1"});
  const tls::X509Ptr first = made.read();
  made.certificates->keep_current({"10.9.8.7"}, made.now);
  CHECK(made.is_still(first));
}

TEST_CASE("a certificate is made anew where less than a third of its life is left") {
  const Made made({"127.0.0.1"});
  const tls::X509Ptr first = made.read();
  made.certificates->keep_current({}, made.now + 59 * kDay);
  CHECK(made.is_still(first));
  made.certificates->keep_current({}, made.now + 61 * kDay);
  CHECK_FALSE(made.is_still(first));
  const tls::X509Ptr second = made.read();
  made.certificates->keep_current({}, made.now + 62 * kDay);
  CHECK(made.is_still(second));
}

TEST_CASE("what could not be written is tried again") {
  const Made made({"::"});
  std::filesystem::rename(made.config.tls_dir(), made.folder.file("aside"));
  made.certificates->keep_current({"10.9.8.7"}, made.now);
  std::filesystem::rename(made.folder.file("aside"), made.config.tls_dir());
  CHECK_FALSE(made.is_for("10.9.8.7"));
  made.certificates->keep_current({"10.9.8.7"}, made.now);
  CHECK(made.is_for("10.9.8.7"));
}

TEST_CASE("a folder of others keeps its mode, and the keys in it are for this user alone") {
  using std::filesystem::perms;
  const TemporaryFolder folder;
  std::filesystem::permissions(folder.path(), perms(0755));
  DevConfig config;
  config.domains = {"localhost"};
  config.state_dir = folder.path();
  REQUIRE(DevCertificates::open(config));
  CHECK(std::filesystem::status(folder.path()).permissions() == perms(0755));
  CHECK(std::filesystem::status(config.tls_dir()).permissions() == perms(0700));
  CHECK(std::filesystem::status(config.authority_dir()).permissions() == perms(0700));
}
