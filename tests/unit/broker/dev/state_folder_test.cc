#include "broker/dev/state_folder.h"

#include <sys/stat.h>

#include <fstream>

#include "tests/unit/temporary_folder.h"

using namespace ingress;
using namespace ingress::broker::dev;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("a folder that is made is for its user alone, and one that is there keeps its mode") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a/b");
  REQUIRE(make_state_folder(path));
  CHECK(mode_of(path) == 0700);
  REQUIRE(chmod(path.c_str(), 0755) == 0);
  CHECK(make_state_folder(path));
  CHECK(mode_of(path) == 0755);
  CHECK(make_private_folder(path));
  CHECK(mode_of(path) == 0700);
}

TEST_CASE("where a file is no folder is made") {
  const TemporaryFolder folder;
  std::ofstream(folder.file("a")) << "x";
  CHECK_FALSE(make_state_folder(folder.file("a")));
  CHECK_FALSE(make_state_folder(folder.file("a/b")));
  CHECK_FALSE(make_private_folder(folder.file("a")));
}

TEST_CASE("a private file keeps what is in it, or has the new text alone") {
  const TemporaryFolder folder;
  const std::string path = folder.file("token");
  REQUIRE(make_private_file(path));
  CHECK(mode_of(path) == 0600);
  std::ofstream(path) << "one that is longer";
  CHECK(make_private_file(path));
  std::string text;
  CHECK(std::getline(std::ifstream(path), text));
  CHECK(text == "one that is longer");
  REQUIRE(chmod(path.c_str(), 0644) == 0);
  REQUIRE(put_private_file(path, "another\n"));
  CHECK(mode_of(path) == 0600);
  CHECK(std::getline(std::ifstream(path), text));
  CHECK(text == "another");
  CHECK_FALSE(put_private_file(folder.file("nowhere/token"), "x"));
}
