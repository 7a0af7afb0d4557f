#include "ctl/trust_store.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/temporary_folder.h"

using namespace ingress;
using namespace ingress::ctl;

namespace {

// By which the stores know the CA of `localhost` in that folder.
std::string names_in_stores(const std::string& folder) {
  const std::vector<LocalCa> cas = list_local_cas(folder);
  REQUIRE(cas.size() == 1);
  CHECK(cas.front().name == "localhost");
  return nickname_of(cas.front()) + ", " + file_stem_of(cas.front());
}

std::string folder_with_ca(const TemporaryFolder& folder, const char* name) {
  std::filesystem::create_directories(folder.file(name));
  std::ofstream(folder.file(name) + "/localhost.crt") << name;
  return folder.file(name);
}

}  // namespace

TEST_CASE("the CAs of two folders have names of their own in the stores, however a folder's path is written") {
  const TemporaryFolder folder;
  const std::string first = folder_with_ca(folder, "first");
  const std::string second = folder_with_ca(folder, "second");
  const std::string names = names_in_stores(first);
  CHECK(names.starts_with("ingress local CA (localhost) "));
  CHECK(names.find(", ingress-local-localhost-") != std::string::npos);
  CHECK(names != names_in_stores(second));
  std::filesystem::create_directory_symlink(first, folder.file("link"));
  for (const std::string& path : {first + "/", second + "/../first", folder.file("link")}) {
    CAPTURE(path);
    CHECK(names_in_stores(path) == names);
  }
}

TEST_CASE("a CA that is made anew in its folder is called as the one before") {
  const TemporaryFolder folder;
  const std::string names = names_in_stores(folder_with_ca(folder, "ca"));
  std::ofstream(folder.file("ca/localhost.crt")) << "another";
  CHECK(names_in_stores(folder.file("ca")) == names);
}

TEST_CASE("where there is no folder there is no CA") { CHECK(list_local_cas("/nonexistent/ca").empty()); }
