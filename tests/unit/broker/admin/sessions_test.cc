#include "broker/admin/sessions.h"

#include <doctest/doctest.h>

#include <string>

namespace ingress::broker::admin {
namespace {

TEST_CASE("a session is found by its two secrets together, until its time is over") {
  Sessions sessions(60);
  const Sessions::Opened one = sessions.open({"at_one", "digest"}, 1000);
  const Sessions::Opened two = sessions.open({"at_two", "digest"}, 1000);
  CHECK(one.expires_at == 1060);
  CHECK(one.cookie.size() >= 43);
  CHECK(one.cookie != one.key);
  const std::string id = sessions.find(one.cookie, one.key, 1059);
  REQUIRE(!id.empty());
  CHECK(id != one.cookie);
  CHECK(sessions.at(id, 1059)->by.id == "at_one");
  CHECK(sessions.find(one.cookie, two.key, 1000).empty());
  CHECK(sessions.find(one.cookie, "", 1000).empty());
  CHECK(sessions.find("", one.key, 1000).empty());
  CHECK(sessions.find(one.key, one.cookie, 1000).empty());
  CHECK(sessions.find(one.cookie, one.key, 1060).empty());
  CHECK(sessions.at(id, 1060) == nullptr);
}

TEST_CASE("a closed session is over, and closing what is not there is nothing") {
  Sessions sessions(60);
  const Sessions::Opened opened = sessions.open({"", "digest"}, 1000);
  sessions.close("");
  const std::string id = sessions.find(opened.cookie, opened.key, 1000);
  REQUIRE(!id.empty());
  sessions.close(id);
  CHECK(sessions.find(opened.cookie, opened.key, 1000).empty());
}

TEST_CASE("a key tells whether it was made before a restart") {
  Sessions before(60);
  Sessions now(60);
  const Sessions::Opened opened = now.open({"", "digest"}, 1000);
  CHECK_FALSE(now.is_of_another(opened.key));
  now.close(now.find(opened.cookie, opened.key, 1000));
  CHECK_FALSE(now.is_of_another(opened.key));
  CHECK(now.is_of_another(before.open({"", "digest"}, 1000).key));
  CHECK(now.is_of_another("a key of an earlier version"));
}

TEST_CASE("of more than there may be the one that ends first goes") {
  Sessions sessions(60);
  const Sessions::Opened first = sessions.open({"", "digest"}, 1000);
  Sessions::Opened second;
  for (size_t i = 1; i <= Sessions::kMost; ++i) {
    const Sessions::Opened opened = sessions.open({"", "digest" + std::to_string(i)}, 1001);
    if (i == 1) second = opened;
  }
  CHECK(sessions.find(first.cookie, first.key, 1001).empty());
  CHECK(!sessions.find(second.cookie, second.key, 1001).empty());
}

TEST_CASE("of more than one token may have its own goes, and no other's") {
  Sessions sessions(60);
  const Sessions::Opened of_another = sessions.open({"", "another"}, 1000);
  const Sessions::Opened first = sessions.open({"", "digest"}, 1000);
  for (size_t i = 1; i <= Sessions::kMost; ++i) sessions.open({"", "digest"}, 1001);
  CHECK(sessions.find(first.cookie, first.key, 1001).empty());
  CHECK(!sessions.find(of_another.cookie, of_another.key, 1001).empty());
}

}  // namespace
}  // namespace ingress::broker::admin
