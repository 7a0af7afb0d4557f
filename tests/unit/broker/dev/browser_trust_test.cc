#include "broker/dev/browser_trust.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "common/database/database.h"
#include "tests/unit/temporary_folder.h"

using namespace ingress;
using namespace ingress::broker::dev;

namespace {

// PEM files whose certificates are the bytes 00 01 02 and 03 04 05: databases hold them as they are.
struct Home {
  TemporaryFolder folder;
  std::vector<std::string> paths = {folder.file("a.crt"), folder.file("b.crt")};

  Home() {
    std::ofstream(paths[0]) << "-----BEGIN CERTIFICATE-----\nAA\nEC\n-----END CERTIFICATE-----\n";
    std::ofstream(paths[1]) << "-----BEGIN CERTIFICATE-----\nAwQF\n-----END CERTIFICATE-----\n";
  }

  template <size_t kSize>
  void put_database(const std::string& name, const char (&rows)[kSize]) const {
    std::filesystem::create_directories(folder.file(name));
    std::string problem;
    const auto database = db::Database::open(folder.file(name + "/cert9.db"), db::Database::Mode::kReadWrite, problem);
    REQUIRE(database);
    (*database)->run("CREATE TABLE nssPublic (id, a0, a11)");
    (*database)->run(rows);
    REQUIRE_FALSE((*database)->failed());
  }

  std::optional<bool> trusts() const { return browsers_trust(folder.path(), paths); }
};

constexpr char kBoth[] = "INSERT INTO nssPublic VALUES (1, 1, x'000102'), (2, 1, x'030405'), (3, 2, NULL)";
constexpr char kOne[] = "INSERT INTO nssPublic VALUES (1, 1, x'000102'), (3, 2, NULL)";

}  // namespace

TEST_CASE("who has no browser's database trusts nothing by it, and does not distrust") {
  const Home home;
  CHECK_FALSE(home.trusts().has_value());
  CHECK_FALSE(browsers_trust("", home.paths).has_value());
}

TEST_CASE("browsers trust where each database has each CA") {
  const Home home;
  home.put_database(".pki/nssdb", kBoth);
  CHECK(home.trusts() == true);
  home.put_database(".mozilla/firefox/abc.default", kOne);
  CHECK(home.trusts() == false);
}

TEST_CASE("what is no database, and what is no certificate, is no trust") {
  const Home home;
  home.put_database(".pki/nssdb", kBoth);
  CHECK(browsers_trust(home.folder.path(), {home.folder.file("none.crt")}) == false);
  std::filesystem::create_directories(home.folder.file(".mozilla/firefox/abc"));
  std::ofstream(home.folder.file(".mozilla/firefox/abc/cert9.db")) << "nothing of the kind";
  CHECK(home.trusts() == false);
}
