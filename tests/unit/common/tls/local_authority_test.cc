#include "common/tls/local_authority.h"

#include <doctest/doctest.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "common/tls/openssl.h"

using namespace ingress;
using namespace ingress::tls;

namespace {

struct Folder {
  std::string path;
  Folder() {
    std::string form = "/tmp/local_authority_XXXXXX";
    path = mkdtemp(form.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

X509Ptr read_certificate(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "r"), std::fclose);
  REQUIRE(file != nullptr);
  return X509Ptr(PEM_read_X509(file.get(), nullptr, nullptr, nullptr));
}

// How a client that trusts the CA alone judges the leaf; X509_V_OK is 0.
int verify(const std::string& ca_path, X509* leaf, const char* host) {
  const X509Ptr ca = read_certificate(ca_path);
  std::unique_ptr<X509_STORE, Free<X509_STORE_free>> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), ca.get());
  std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>> check(X509_STORE_CTX_new());
  X509_STORE_CTX_init(check.get(), store.get(), leaf, nullptr);
  X509_VERIFY_PARAM* const rules = X509_STORE_CTX_get0_param(check.get());
  if (std::string_view(host).find_first_not_of("0123456789.") == std::string_view::npos) {
    X509_VERIFY_PARAM_set1_ip_asc(rules, host);
  } else {
    X509_VERIFY_PARAM_set1_host(rules, host, 0);
  }
  X509_verify_cert(check.get());
  return X509_STORE_CTX_get_error(check.get());
}

std::string common_name(const std::string& path) {
  std::string text(256, '\0');
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(read_certificate(path).get()), NID_commonName,
                                             text.data(), static_cast<int>(text.size()));
  REQUIRE(size > 0);
  return text.substr(0, static_cast<size_t>(size));
}

std::shared_ptr<ssl_ctx_st> issued(const LocalAuthority& authority, const std::string& name) {
  std::shared_ptr<ssl_ctx_st> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  REQUIRE(authority.issue(name, context.get()));
  return context;
}

}  // namespace

TEST_CASE("a leaf of the local CA is good for its name alone") {
  const Folder folder;
  const auto authority = LocalAuthority::open(folder.path, "localhost", {{"localhost"}, true});
  REQUIRE(authority);
  const auto context = issued(**authority, "4096__dev.localhost");
  X509* const leaf = SSL_CTX_get0_certificate(context.get());
  CHECK(verify((*authority)->certificate_path(), leaf, "4096__dev.localhost") == X509_V_OK);
  CHECK(verify((*authority)->certificate_path(), leaf, "dev.localhost") == X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_CASE("who trusts the local CA trusts it for nothing but its names and private addresses") {
  const Folder folder;
  const auto authority = LocalAuthority::open(folder.path, "localhost", {{"localhost"}, true});
  REQUIRE(authority);
  const auto foreign = issued(**authority, "bank.example");
  const int judged = verify((*authority)->certificate_path(), SSL_CTX_get0_certificate(foreign.get()), "bank.example");
  CHECK(judged == X509_V_ERR_PERMITTED_VIOLATION);
  REQUIRE((*authority)->issue_files(folder.path, "home", {"localhost"}, {"127.0.0.1", "::1", "192.168.1.7"}));
  CHECK(verify((*authority)->certificate_path(), read_certificate(folder.path + "/home.crt").get(), "192.168.1.7") ==
        X509_V_OK);
  REQUIRE((*authority)->issue_files(folder.path, "away", {"localhost"}, {"203.0.113.9"}));
  CHECK(verify((*authority)->certificate_path(), read_certificate(folder.path + "/away.crt").get(), "203.0.113.9") ==
        X509_V_ERR_PERMITTED_VIOLATION);
}

TEST_CASE("a CA for a domain may speak for no address") {
  const Folder folder;
  const auto authority = LocalAuthority::open(folder.path, "shop.test", {{"shop.test"}, false});
  REQUIRE(authority);
  const auto leaf = issued(**authority, "api.shop.test");
  CHECK(verify((*authority)->certificate_path(), SSL_CTX_get0_certificate(leaf.get()), "api.shop.test") == X509_V_OK);
  REQUIRE((*authority)->issue_files(folder.path, "address", {"shop.test"}, {"127.0.0.1"}));
  CHECK(verify((*authority)->certificate_path(), read_certificate(folder.path + "/address.crt").get(), "127.0.0.1") ==
        X509_V_ERR_PERMITTED_VIOLATION);
}

TEST_CASE("the CA is made once, and its key is for the owner alone") {
  const Folder folder;
  const auto made = LocalAuthority::open(folder.path, "localhost", {{"localhost"}, true});
  REQUIRE(made);
  struct stat key {};
  REQUIRE(stat((folder.path + "/localhost.key").c_str(), &key) == 0);
  CHECK((key.st_mode & 0777) == 0600);
  const X509Ptr before = read_certificate((*made)->certificate_path());
  const auto again = LocalAuthority::open(folder.path, "localhost", {{"localhost"}, true});
  REQUIRE(again);
  CHECK(X509_cmp(before.get(), read_certificate((*again)->certificate_path()).get()) == 0);
  CHECK_FALSE((*again)->trusted());
}

TEST_CASE("a folder that cannot be written is an error") {
  const auto authority = LocalAuthority::open("/nonexistent/folder", "localhost", {{"localhost"}, true});
  REQUIRE_FALSE(authority);
  CHECK(authority.error().code == ErrorCode::kIo);
}

TEST_CASE("a scope covers a domain and what is below it") {
  const NameScope scope{{"localhost", "shop.test"}, true};
  CHECK(scope.covers("localhost"));
  CHECK(scope.covers("a.b.shop.test"));
  CHECK_FALSE(scope.covers("xshop.test"));
  CHECK_FALSE(scope.covers("test"));
  CHECK_FALSE(scope.covers(""));
}

TEST_CASE("a domain whose name is longer than a subject may be has a CA of its own, which speaks for all of it") {
  const Folder folder;
  const std::string below = ".a-department-with-a-long-name.a-company-with-a-long-name.test";
  std::vector<std::string> names;
  for (const std::string& domain : {"one" + below, "two-whose-name-is-longer-still" + below,
                                    "two-whose-name-is-longer-still.and-another" + below}) {
    CAPTURE(domain);
    const auto authority = LocalAuthority::open(folder.path, domain, {{domain}, false});
    REQUIRE(authority);
    const auto leaf = issued(**authority, "api." + domain);
    X509* const certificate = SSL_CTX_get0_certificate(leaf.get());
    CHECK(verify((*authority)->certificate_path(), certificate, ("api." + domain).c_str()) == X509_V_OK);
    CHECK(verify((*authority)->certificate_path(), certificate, domain.c_str()) == X509_V_ERR_HOSTNAME_MISMATCH);
    names.push_back(common_name((*authority)->certificate_path()));
    CHECK(names.back().size() == 64);
    CHECK(names.back().starts_with("ingress local CA (" + domain.substr(0, 20)));
  }
  CHECK(names[1] != names[2]);
}

TEST_CASE("a name that a subject has room for is all of it") {
  const Folder folder;
  const std::string domain = "shop." + std::string(35, 'a') + ".test";
  const auto authority = LocalAuthority::open(folder.path, domain, {{domain}, false});
  REQUIRE(authority);
  CHECK(common_name((*authority)->certificate_path()) == "ingress local CA (" + domain + ")");
}

TEST_CASE("the addresses that count as private are those that the CA's constraints let pass") {
  const Folder folder;
  const auto authority = LocalAuthority::open(folder.path, "localhost", {{"localhost"}, true});
  REQUIRE(authority);
  for (const std::string ip :
       {"127.0.0.1", "127.0.0.2", "10.9.8.7", "172.16.0.1", "172.32.0.1", "192.168.1.7", "169.254.0.1", "100.64.1.2",
        "203.0.113.9", "0.0.0.0", "::1", "::2", "fe80::1", "fd00::7", "2001:db8::1", "::ffff:10.9.8.7"}) {
    CAPTURE(ip);
    REQUIRE((*authority)->issue_files(folder.path, "leaf", {"localhost"}, {ip}));
    const X509Ptr leaf = read_certificate(folder.path + "/leaf.crt");
    const int judged = verify((*authority)->certificate_path(), leaf.get(), "localhost");
    CHECK(judged == (is_private_address(ip) ? X509_V_OK : X509_V_ERR_PERMITTED_VIOLATION));
  }
  for (const char* text : {"", "localhost", "127.0.0.1:8443", "[::1]", "fe80::1%eth0"}) {
    CAPTURE(text);
    CHECK_FALSE(is_private_address(text));
  }
}
