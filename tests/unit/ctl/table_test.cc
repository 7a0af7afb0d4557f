#include "ctl/table.h"

#include <doctest/doctest.h>

namespace ingress::ctl {
namespace {

TEST_CASE("columns are aligned and lines end without spaces") {
  const Json items = Json::parse(R"([{"id":"mach_1","port":3000},{"id":"ä","port":80,"x":1},{"id":"c"}])");
  CHECK(table_text({{"ID", "id"}, {"PORT", "port"}}, items) ==
        "ID      PORT\n"
        "mach_1  3000\n"
        "ä       80\n"
        "c       -\n");
}

TEST_CASE("an empty list is its titles") { CHECK(table_text({{"ID", "id"}}, Json::array()) == "ID\n"); }

TEST_CASE("cells show values for people and nothing that a terminal obeys") {
  CHECK(cell_text(nullptr) == "-");
  CHECK(cell_text("") == "-");
  CHECK(cell_text(true) == "yes");
  CHECK(cell_text(Json{"a", "b"}) == "a, b");
  CHECK(cell_text(Json::parse(R"({"a":1})")) == R"({"a":1})");
  CHECK(cell_text("a\x1b[31mb\n\x7f") == "a?[31mb??");
  CHECK(cell_text("a\xC2\x9B"
                  "b") == "a?b");
  for (const char* control : {"\u061C", "\u200E", "\u200F", "\u2028", "\u202A", "\u202E", "\u2066", "\u2069"}) {
    CAPTURE(control);
    CHECK(cell_text(std::string("a") + control + "b") == "a?b");
  }
  for (const char* text :
       {"\u200D", "\u2027", "\u202F", "\u2065", "\u206A", "\u00A0", "\u061B", "\xE2\x80", "\xE2", "\xC2"}) {
    CAPTURE(text);
    CHECK(cell_text(text) == text);
  }
}

TEST_CASE("a record is a line a member, longer lists over several lines") {
  CHECK(record_text(Json::parse(R"({"id":"a","hosts":["x","y"],"machine":null})")) ==
        "id       a\n"
        "hosts    x\n"
        "         y\n"
        "machine  -\n");
}

}  // namespace
}  // namespace ingress::ctl
