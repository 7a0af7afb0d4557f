#include "common/tls/tls_context.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "common/tls/certificate_pair.h"
#include "tests/unit/common/tls/test_certificates.h"

using namespace ingress;
using ingress::test::Certificates;
using ingress::tls::Certificate;
using ingress::tls::ClientContext;
using ingress::tls::ServerContext;

namespace {

struct BadPair {
  std::string path;
  Error error;
};

struct Loaded {
  std::vector<BadPair> bad;
  Status status;
};

Loaded load(ServerContext& context, const std::string& folder) {
  Loaded loaded;
  loaded.status = context.load(folder, [&loaded](const std::string& path, const Error& error) {
    loaded.bad.push_back({std::filesystem::path(path).filename().string(), error});
  });
  return loaded;
}

// Whether a load leaves the host's certificate as it is; it has until the clock of the file system has ticked.
bool is_kept(ServerContext& context, const std::string& folder, const std::string& host) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < end) {
    const auto before = context.find(host)->context;
    static_cast<void>(load(context, folder));
    if (context.find(host)->context == before) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

std::string file_of(const Certificate* certificate) {
  return certificate == nullptr ? "" : std::filesystem::path(certificate->path).filename().string();
}

}  // namespace

TEST_CASE("a certificate is found by exact name before wildcard, and a wildcard stands for one label") {
  Certificates files;
  files.issue("a-wild", "DNS:*.iterate.app,DNS:iterate.app");
  files.issue("b-exact", "DNS:misha.iterate.app");
  files.issue("c-machines", "DNS:*.Machines.iterate.app");
  ServerContext context({});
  const Loaded loaded = load(context, files.folder());
  CHECK(loaded.status.has_value());
  CHECK(loaded.bad.empty());
  CHECK(context.certificates().size() == 3);
  CHECK(file_of(context.find("misha.iterate.app")) == "b-exact.crt");
  CHECK(file_of(context.find("MISHA.iterate.app.")) == "b-exact.crt");
  CHECK(file_of(context.find("other.iterate.app")) == "a-wild.crt");
  CHECK(file_of(context.find("iterate.app")) == "a-wild.crt");
  CHECK(file_of(context.find("4096__mach_1.machines.iterate.app")) == "c-machines.crt");
  CHECK(context.find("a.b.iterate.app") == nullptr);
  CHECK(context.find("example.com") == nullptr);
  CHECK(context.find("") == nullptr);
  CHECK(context.find(".iterate.app") == nullptr);
  CHECK(context.certificates()[1].names == std::vector<std::string>{"misha.iterate.app"});
  CHECK(context.certificates()[1].expires_at > std::time(nullptr) + std::time_t{29} * 86400);
}

TEST_CASE(
    "of several certificates of a name the one that is valid and ends last serves it, whatever the files' names") {
  Certificates files;
  files.issue_between("a-ended", "DNS:www.example", {-90, -1});
  files.issue_between("b-near", "DNS:www.example,DNS:other.example", {-80, 10});
  files.issue_between("c-renewed", "DNS:www.example", {-1, 89});
  files.issue_between("d-to-come", "DNS:www.example", {5, 365});
  ServerContext context({});
  REQUIRE(load(context, files.folder()).status.has_value());
  CHECK(file_of(context.find("www.example")) == "c-renewed.crt");
  CHECK(file_of(context.find("other.example")) == "b-near.crt");
  CHECK(context.certificates().size() == 4);
}

TEST_CASE("an exact name stays before a wildcard that ends later") {
  Certificates files;
  files.issue_between("wild", "DNS:*.example.com", {-1, 365});
  files.issue_between("exact", "DNS:www.example.com", {-1, 10});
  ServerContext context({});
  REQUIRE(load(context, files.folder()).status.has_value());
  CHECK(file_of(context.find("www.example.com")) == "exact.crt");
}

TEST_CASE("as certificates begin and end while they are loaded, the choice follows") {
  Certificates files;
  files.issue_between("a", "DNS:www.example", {-80, 10});
  files.issue_between("b", "DNS:www.example", {5, 95});
  ServerContext context({});
  REQUIRE(load(context, files.folder()).status.has_value());
  constexpr std::time_t kDay = 86400;
  const std::time_t now = std::time(nullptr);
  CHECK(file_of(context.find("www.example")) == "a.crt");
  context.choose_at(now + 4 * kDay);
  CHECK(file_of(context.find("www.example")) == "a.crt");
  context.choose_at(now + 6 * kDay);
  CHECK(file_of(context.find("www.example")) == "b.crt");
}

TEST_CASE("a self-signed certificate gives way to any other that is valid") {
  Certificates files;
  const auto pair = ingress::tls::make_self_signed({"www.example"}, std::chrono::hours(24 * 365));
  REQUIRE(pair.has_value());
  files.write("a.crt", pair->certificate);
  files.write("a.key", pair->key);
  files.issue("b", "DNS:www.example");
  ServerContext context({});
  REQUIRE(load(context, files.folder()).status.has_value());
  CHECK(file_of(context.find("www.example")) == "b.crt");
}

TEST_CASE("a certificate without alternative names serves its common name") {
  Certificates files;
  files.issue("old", "", "Old.example.com");
  ServerContext context({});
  CHECK(load(context, files.folder()).status.has_value());
  CHECK(file_of(context.find("old.example.com")) == "old.crt");
}

TEST_CASE("a key of another certificate, a missing key and garbage are reported, the rest is served") {
  Certificates files;
  files.issue("good", "DNS:good.example");
  files.issue("mixed", "DNS:mixed.example");
  files.issue("keyless", "DNS:keyless.example");
  std::filesystem::copy_file(files.path("good.key"), files.path("mixed.key"),
                             std::filesystem::copy_options::overwrite_existing);
  std::filesystem::remove(files.path("keyless.key"));
  files.write("noise.crt", "not a certificate");
  files.write("noise.key", "not a key");
  ServerContext context({});
  const Loaded loaded = load(context, files.folder());
  CHECK(loaded.status.has_value());
  REQUIRE(loaded.bad.size() == 3);
  CHECK(loaded.bad[0].path == "keyless.crt");
  CHECK(std::string(loaded.bad[0].error.context) == "no .key file beside the certificate");
  CHECK(loaded.bad[1].path == "mixed.crt");
  CHECK(std::string(loaded.bad[1].error.context) == "key values mismatch");
  CHECK(loaded.bad[2].path == "noise.crt");
  for (const BadPair& bad : loaded.bad) CHECK(bad.error.code == ErrorCode::kInvalidArgument);
  CHECK(context.certificates().size() == 1);
}

TEST_CASE("a pair that is pipes, or has one, is reported, and nobody waits for who writes into it") {
  Certificates files;
  files.issue("good", "DNS:good.example");
  files.issue("half", "DNS:half.example");
  std::filesystem::remove(files.path("half.key"));
  for (const char* pipe : {"half.key", "pipes.crt", "pipes.key"}) REQUIRE(mkfifo(files.path(pipe).c_str(), 0600) == 0);
  ServerContext context({});
  const Loaded loaded = load(context, files.folder());
  CHECK(loaded.status.has_value());
  REQUIRE(loaded.bad.size() == 2);
  CHECK(loaded.bad[0].path == "half.crt");
  CHECK(loaded.bad[1].path == "pipes.crt");
  for (const BadPair& bad : loaded.bad)
    CHECK(std::string(bad.error.context) == "the .crt or the .key is no regular file");
  CHECK(context.certificates().size() == 1);
}

TEST_CASE("loading again takes what is new, drops what is gone, and keeps the last good pair of a path that broke") {
  Certificates files;
  files.issue("kept", "DNS:kept.example");
  files.issue("gone", "DNS:gone.example");
  ServerContext context({});
  REQUIRE(load(context, files.folder()).status.has_value());
  const auto before = context.find("kept.example")->context;
  files.write("kept.crt", "half writ");
  std::filesystem::remove(files.path("gone.crt"));
  files.issue("new", "DNS:new.example");
  const Loaded broken = load(context, files.folder());
  CHECK(broken.status.has_value());
  REQUIRE(broken.bad.size() == 1);
  REQUIRE(context.find("kept.example") != nullptr);
  CHECK(context.find("kept.example")->context == before);
  CHECK(context.find("gone.example") == nullptr);
  CHECK(context.find("new.example") != nullptr);
  files.issue("kept", "DNS:kept.example");
  CHECK(load(context, files.folder()).bad.empty());
  CHECK(context.find("kept.example")->context != before);
}

TEST_CASE("loading again leaves alone what is as it was, and sees what is not") {
  Certificates files;
  files.issue("same", "DNS:same.example");
  files.issue("changed", "DNS:changed.example");
  ServerContext context({});
  REQUIRE(load(context, files.folder()).status.has_value());
  REQUIRE(is_kept(context, files.folder(), "same.example"));
  REQUIRE(is_kept(context, files.folder(), "changed.example"));
  const auto same = context.find("same.example")->context;
  const auto changed = context.find("changed.example")->context;
  files.issue("changed", "DNS:changed.example");
  files.issue("new", "DNS:new.example");
  CHECK(load(context, files.folder()).bad.empty());
  CHECK(context.find("same.example")->context == same);
  CHECK(context.find("changed.example")->context != changed);
  CHECK(context.find("new.example") != nullptr);
  std::filesystem::remove(files.path("same.key"));
  REQUIRE(load(context, files.folder()).bad.size() == 1);
  CHECK(context.find("same.example")->context == same);
}

TEST_CASE("a folder without a usable certificate is an error at first, and changes nothing later") {
  Certificates files;
  ServerContext context({});
  CHECK_FALSE(load(context, files.folder()).status.has_value());
  CHECK_FALSE(load(context, files.path("nowhere")).status.has_value());
  files.issue("one", "DNS:one.example");
  REQUIRE(load(context, files.folder()).status.has_value());
  const Loaded away = load(context, files.path("nowhere"));
  CHECK(away.status.has_value());
  CHECK(away.bad.size() == 1);
  CHECK(context.find("one.example") != nullptr);
}

TEST_CASE("a CA file that cannot be read is an error") {
  CHECK_FALSE(ClientContext::create("/nonexistent/ca.pem", {}).has_value());
  CHECK(ClientContext::create("", {}).has_value());
}
