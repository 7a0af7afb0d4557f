#include "broker/acme/installed_pair.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/unit/temporary_folder.h"

namespace ingress::broker::acme {
namespace {

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

// A pair as a CA's program leaves it.
std::string issue(const std::string& folder, const std::vector<std::string>& names) {
  const auto pair = tls::make_self_signed(names, std::chrono::hours(48));
  REQUIRE(pair.has_value());
  write(folder + "/issued.crt", pair->certificate);
  write(folder + "/issued.key", pair->key);
  return folder + "/issued.crt";
}

std::string read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A folder with something in it: no file can be put there.
void obstruct(const std::string& path) {
  std::filesystem::create_directory(path);
  write(path + "/something", "");
}

int mode_of(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 ? static_cast<int>(about.st_mode & 0777) : 0;
}

TEST_CASE("a pair is put in place, for its owner alone, and is known as the broker's") {
  const TemporaryFolder folder;
  const std::string from = issue(folder.path(), {"a.example", "*.a.example"});
  const std::string path = folder.path() + "/a.example.crt";
  CHECK(source_of(path) == Source::kNone);
  const auto installed = install_pair(from, folder.path(), "a.example", {"a.example"}, std::time(nullptr));
  REQUIRE(installed.has_value());
  CHECK(installed->path == path);
  CHECK(installed->names == std::vector<std::string>{"a.example", "*.a.example"});
  CHECK(source_of(path) == Source::kAcme);
  CHECK(tls::read_pair(path).has_value());
  CHECK(mode_of(path) == 0600);
  CHECK(mode_of(folder.path() + "/a.example.key") == 0600);
  CHECK(install_pair(from, folder.path(), "a.example", {"a.example"}, std::time(nullptr)).has_value());
}

TEST_CASE("what serves other names, has ended, or is no pair, is refused, and what was there stays") {
  const TemporaryFolder folder;
  const std::string from = issue(folder.path(), {"a.example"});
  const int64_t now = std::time(nullptr);
  REQUIRE(install_pair(from, folder.path(), "x", {"a.example"}, now).has_value());
  CHECK_FALSE(install_pair(from, folder.path(), "x", {"a.example", "b.example"}, now).has_value());
  CHECK_FALSE(install_pair(from, folder.path(), "x", {"a.example"}, now + int64_t{49} * 3600).has_value());
  issue(folder.path(), {"a.example"});
  write(folder.path() + "/issued.key", "none");
  CHECK_FALSE(install_pair(from, folder.path(), "x", {"a.example"}, now).has_value());
  CHECK_FALSE(install_pair(folder.path() + "/none.crt", folder.path(), "x", {"a.example"}, now).has_value());
  CHECK(tls::read_pair(folder.path() + "/x.crt").has_value());
}

TEST_CASE("a file of the operator's is never replaced") {
  const TemporaryFolder folder;
  const std::string from = issue(folder.path(), {"a.example"});
  write(folder.path() + "/a.example.crt", "theirs");
  const auto refused = install_pair(from, folder.path(), "a.example", {"a.example"}, std::time(nullptr));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().find("not the broker's") != std::string::npos);
  CHECK(source_of(folder.path() + "/a.example.crt") == Source::kFile);
}

TEST_CASE("where one of the files cannot be written, both stay what they were") {
  const TemporaryFolder folder;
  const int64_t now = std::time(nullptr);
  REQUIRE(install_pair(issue(folder.path(), {"a.example"}), folder.path(), "x", {"a.example"}, now).has_value());
  const std::string key = read(folder.path() + "/x.key");
  const std::string certificate = read(folder.path() + "/x.crt");
  const std::string from = issue(folder.path(), {"a.example"});
  obstruct(folder.path() + "/x.crt.new");
  const auto refused = install_pair(from, folder.path(), "x", {"a.example"}, now);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().find("cannot write " + folder.path() + "/x.crt") != std::string::npos);
  CHECK(read(folder.path() + "/x.key") == key);
  CHECK(read(folder.path() + "/x.crt") == certificate);
  CHECK_FALSE(std::filesystem::exists(folder.path() + "/x.key.new"));
  std::filesystem::remove_all(folder.path() + "/x.crt.new");
  CHECK(install_pair(from, folder.path(), "x", {"a.example"}, now).has_value());
  CHECK(read(folder.path() + "/x.key") != key);
}

TEST_CASE("a key whose certificate could not follow it goes back") {
  const TemporaryFolder folder;
  write(folder.path() + "/x.key", "the former");
  obstruct(folder.path() + "/x.crt");
  CHECK_FALSE(install_placeholder(folder.path(), "x", {"a.example"}).has_value());
  CHECK(read(folder.path() + "/x.key") == "the former");
}

TEST_CASE("a certificate that is given back is known") {
  const TemporaryFolder folder;
  const int64_t now = std::time(nullptr);
  const std::string from = issue(folder.path(), {"a.example"});
  const std::string path = folder.path() + "/x.crt";
  CHECK_FALSE(is_installed(*issued_pair(from, {"a.example"}, now), path));
  REQUIRE(install_pair(from, folder.path(), "x", {"a.example"}, now).has_value());
  CHECK(is_installed(*issued_pair(from, {"a.example"}, now), path));
  const std::string key = read(folder.path() + "/x.key");
  issue(folder.path(), {"a.example"});
  CHECK_FALSE(is_installed(*issued_pair(from, {"a.example"}, now), path));
  REQUIRE(install_pair(from, folder.path(), "x", {"a.example"}, now).has_value());
  write(folder.path() + "/x.key", key);  // which is not its own: there is something to put in place
  CHECK_FALSE(is_installed(*issued_pair(from, {"a.example"}, now), path));
}

TEST_CASE("a pipe in a pair's place is the operator's, and nobody waits for who writes into it") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a.example.crt";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK(source_of(path) == Source::kFile);
  CHECK_FALSE(place_problem(path).empty());
}

TEST_CASE("a placeholder can be served, and gives way") {
  const TemporaryFolder folder;
  REQUIRE(install_placeholder(folder.path(), "a.example", {"a.example", "*.a.example"}).has_value());
  const std::string path = folder.path() + "/a.example.crt";
  CHECK(source_of(path) == Source::kPlaceholder);
  const auto read = tls::read_pair(path);
  REQUIRE(read.has_value());
  CHECK(read->names == std::vector<std::string>{"a.example", "*.a.example"});
  CHECK(read->issuer == "ingress-broker placeholder");
  CHECK(read->begins_at < read->expires_at);
  const std::string from = issue(folder.path(), {"a.example"});
  CHECK(install_pair(from, folder.path(), "a.example", {"a.example"}, std::time(nullptr)).has_value());
  CHECK(source_of(path) == Source::kAcme);
}

TEST_CASE("a file that cannot be written is said with its name") {
  const auto placed = install_placeholder("/no/such/folder", "a", {"a.example"});
  REQUIRE_FALSE(placed.has_value());
  CHECK(placed.error().find("/no/such/folder/a.key") != std::string::npos);
}

}  // namespace
}  // namespace ingress::broker::acme
