#include "ctl/issue_result.h"

#include <doctest/doctest.h>

namespace ingress::ctl {
namespace {

Json certificate(const char* state, const char* expires_at = "2027-03-01T00:00:00Z") {
  return {{"state", state},
          {"expiresAt", expires_at},
          {"renewAt", "2027-02-01T00:00:00Z"},
          {"lastError", nullptr},
          {"failedAt", nullptr}};
}

TEST_CASE("a certificate that is missing, has expired or failed once nothing is under way is exit 1 and a sentence") {
  for (const char* state : {"missing", "expired", "failed", "none", ""}) {
    CAPTURE(state);
    const Outcome<int> result = result_of_issue("www.example.com", certificate(state));
    REQUIRE_FALSE(result);
    CHECK(result.error().exit_code == 1);
    CHECK(result.error().sentence.starts_with("www.example.com: "));
    CHECK_FALSE(result_of_renewal("www.example.com", certificate("valid"), certificate(state), true));
  }
  Json failed = certificate("failed");
  failed["lastError"] = "no luck";
  CHECK(result_of_issue("www.example.com", failed).error().sentence == "www.example.com: no luck");
  CHECK(result_of_issue("www.example.com", Json::object()).error().exit_code == 1);
}

TEST_CASE("issue is content with a good certificate, whichever it is") {
  for (const char* state : {"valid", "expires_soon"}) CHECK(result_of_issue("a", certificate(state)) == 0);
}

TEST_CASE("a certificate that is the one before is no renewal") {
  const Json before = certificate("valid");
  const Outcome<int> same = result_of_renewal("a", before, before, false);
  REQUIRE_FALSE(same);
  CHECK(same.error().exit_code == 1);
  CHECK(same.error().sentence.find("2027-03-01T00:00:00Z") != std::string::npos);
  CHECK(result_of_renewal("a", before, certificate("valid", "2027-03-01T00:00:01Z"), false) == 0);
  CHECK(result_of_renewal("a", certificate("missing", ""), certificate("valid"), false) == 0);
  Json behind_a_file = before;
  behind_a_file["renewAt"] = "2027-02-01T00:00:01Z";
  CHECK(result_of_renewal("a", before, behind_a_file, false) == 0);
}

TEST_CASE("of a CA that rounds its times a renewal is known by its placing, or by the end of a failure") {
  CHECK(result_of_renewal("a", certificate("valid"), certificate("valid"), true) == 0);
  CHECK(result_of_renewal("a", certificate("failed"), certificate("valid"), false) == 0);
}

TEST_CASE("the broker is at it while it checks, waits, orders or places") {
  for (const char* state : {"checking", "queued", "ordered", "placed"}) CHECK(is_under_way(certificate(state)));
  for (const char* state : {"missing", "valid", "failed"}) CHECK_FALSE(is_under_way(certificate(state)));
  CHECK_FALSE(is_under_way(Json::object()));
}

}  // namespace
}  // namespace ingress::ctl
