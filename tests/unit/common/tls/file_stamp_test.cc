#include "common/tls/file_stamp.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/temporary_folder.h"

namespace ingress::tls {
namespace {

constexpr long long kMillisecond = 1000000;
constexpr long long kSecond = 1000 * kMillisecond;

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

TEST_CASE("a stamp is settled once the clock that made it has ticked") {
  const FileStamp fine{1, 2, 3, 0, 100 * kSecond + 7};
  CHECK_FALSE(fine.is_settled_at(fine.changed_ns));
  CHECK_FALSE(fine.is_settled_at(fine.changed_ns + 50 * kMillisecond));
  CHECK(fine.is_settled_at(fine.changed_ns + 200 * kMillisecond));
  const FileStamp coarse{1, 2, 3, 0, 100 * kSecond};
  CHECK_FALSE(coarse.is_settled_at(coarse.changed_ns + 200 * kMillisecond));
  CHECK(coarse.is_settled_at(coarse.changed_ns + 3 * kSecond));
}

TEST_CASE("a file of a time to come, or none, is never settled") {
  const FileStamp future{1, 2, 3, 0, 100 * kSecond + 7};
  CHECK_FALSE(future.is_settled_at(50 * kSecond));
  CHECK_FALSE(FileStamp().is_settled_at(100 * kSecond));
  CHECK_FALSE(FileStamp::of("/no/such/file").is_there());
}

TEST_CASE("a pair is still the same while neither file is another one") {
  const TemporaryFolder folder;
  const std::string crt = folder.file("a.crt");
  write(crt, "certificate");
  write(folder.file("a.key"), "key");
  PairStamp stamp = PairStamp::of(crt);
  CHECK(stamp.certificate.is_there());
  CHECK(stamp.key.is_there());
  stamp.settled = false;
  CHECK_FALSE(stamp.is_still(PairStamp::of(crt)));
  stamp.settled = true;
  CHECK(stamp.is_still(PairStamp::of(crt)));
  SUBCASE("the certificate") { write(crt, "another certificate"); }
  SUBCASE("the key") { write(folder.file("a.key"), "another key"); }
  SUBCASE("the key is gone") { std::filesystem::remove(folder.file("a.key")); }
  CHECK_FALSE(stamp.is_still(PairStamp::of(crt)));
}

}  // namespace
}  // namespace ingress::tls
