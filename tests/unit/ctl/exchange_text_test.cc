#include "ctl/exchange_text.h"

#include <doctest/doctest.h>

namespace ingress::ctl {
namespace {

Json exchange() {
  return {{"time", "2026-11-29T05:00:00.123Z"},
          {"client", "192.0.2.7"},
          {"host", "misha.iterate.app"},
          {"method", "GET"},
          {"target", "/a?b"},
          {"status", 200},
          {"bytes", 12},
          {"ms", 17.25},
          {"machine", "mach_1"},
          {"port", 3000}};
}

TEST_CASE("an exchange is a line as an access log has it") {
  CHECK(exchange_text(exchange(), false) ==
        "2026-11-29T05:00:00.123Z 192.0.2.7 GET misha.iterate.app/a?b 200 12B 17.2ms mach_1:3000");
}

TEST_CASE("an error is named, and what was not reached is a dash") {
  Json failed = exchange();
  failed["machine"] = "";
  failed["error"] = "project_not_found";
  failed["status"] = 404;
  CHECK(exchange_text(failed, false).ends_with(" 404 12B 17.2ms - project_not_found"));
}

TEST_CASE("one that still runs says so, and a client that left, too") {
  Json running = exchange();
  running["status"] = 101;
  CHECK(exchange_text(running, true).find(" open:101 ") != std::string::npos);
  running["status"] = 0;
  CHECK(exchange_text(running, true).find(" open ") != std::string::npos);
  CHECK(exchange_text(running, false).find(" left ") != std::string::npos);
}

TEST_CASE("nothing in it can drive a terminal, and what is missing does no harm") {
  Json evil = exchange();
  evil["target"] = "/\x1b[2J\n\xc2\x9b";
  CHECK(exchange_text(evil, false).find("/?[2J??") != std::string::npos);
  CHECK_FALSE(exchange_text(Json::object(), false).empty());
}

}  // namespace
}  // namespace ingress::ctl
