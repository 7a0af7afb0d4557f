#include "common/uv/socket_file.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/uv/inherited_sockets.h"
#include "tests/unit/common/uv/socket_pair.h"

using namespace ingress;
using namespace ingress::uv;
using namespace ingress::test;

namespace {

Address in(const TemporaryFolder& folder) {
  Address address;
  address.unix_path = std::string(folder.path) + "/admin.sock";
  return address;
}

}  // namespace

TEST_CASE("a socket's file goes with its owner, whoever still has the socket") {
  const TemporaryFolder folder;
  const Address address = in(folder);
  const auto bound = bind_listener(address);
  REQUIRE(bound.has_value());
  {
    std::vector<SocketFile> files;
    files.emplace_back(address.unix_path);
    files.emplace_back();  // none
    CHECK(std::filesystem::exists(address.unix_path));
  }
  CHECK_FALSE(std::filesystem::exists(address.unix_path));
}

TEST_CASE("a newer socket's file at the same path is spared, whatever number its inode gets") {
  const TemporaryFolder folder;
  const Address address = in(folder);
  for (int i = 0; i < 20; ++i) {
    Result<OwnedFd> older = bind_listener(address);
    REQUIRE(older.has_value());
    SocketFile file(address.unix_path);
    *older = OwnedFd();  // it ends: what binds next replaces its file
    const auto newer = bind_listener(address);
    REQUIRE(newer.has_value());
    file = SocketFile();
    CHECK(std::filesystem::exists(address.unix_path));
    std::filesystem::remove(address.unix_path);
  }
}

TEST_CASE("a file that is away already is nobody's") {
  const TemporaryFolder folder;
  const Address address = in(folder);
  REQUIRE(bind_listener(address).has_value());
  const SocketFile file(address.unix_path);
  std::filesystem::remove(address.unix_path);
  std::ofstream(address.unix_path) << "another's";
  { const SocketFile none(std::string(folder.path) + "/nothing"); }
  CHECK(std::filesystem::exists(address.unix_path));
}
