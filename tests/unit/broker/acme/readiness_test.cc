#include "broker/acme/readiness.h"

#include <doctest/doctest.h>

namespace ingress::broker::acme {
namespace {

const Wanted kWanted{"example.com", {"example.com"}, Challenge::kHttp01, "misha", "iterate-ingress=1"};
using Texts = std::vector<std::string>;

bool tells(const std::string& sentence, const std::string& part) { return sentence.find(part) != std::string::npos; }

TEST_CASE("one of the records is enough, whatever others there are") {
  CHECK(ownership_problem(kWanted, Texts{"v=spf1 -all", "iterate-ingress=1"}).empty());
}

TEST_CASE("what is missing, what is there instead, and a server that is silent are told apart") {
  CHECK(tells(ownership_problem(kWanted, Texts{}), "_ingress-challenge.example.com TXT \"iterate-ingress=1\""));
  const std::string other = ownership_problem(kWanted, Texts{"iterate-ingress=2"});
  CHECK(tells(other, "is \"iterate-ingress=2\""));
  CHECK(tells(other, "must be \"iterate-ingress=1\""));
  const Result<Texts> silent = fail(ErrorCode::kResolveFailed, Side::kInternal, "Timeout while contacting DNS servers");
  CHECK(tells(ownership_problem(kWanted, silent), "Timeout"));
}

TEST_CASE("a domain has two records, one where nothing is to be shown") {
  const auto both = records_for("example.com", "misha", "iterate.app", "iterate-ingress=1");
  REQUIRE(both.size() == 2);
  CHECK(both[0].type == "CNAME");
  CHECK(both[0].value == "misha.iterate.app");
  CHECK(both[1].name == "_ingress-challenge.example.com");
  CHECK(records_for("example.com", "misha", "iterate.app", "").size() == 1);
}

}  // namespace
}  // namespace ingress::broker::acme
