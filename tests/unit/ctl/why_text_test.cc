#include "ctl/why_text.h"

#include <doctest/doctest.h>

namespace ingress::ctl {
namespace {

TEST_CASE("the report marks each step, gives advice, and ends with what is wrong first") {
  const std::string text = why_text(Json::parse(R"({"host":"h","ok":false,"steps":[
      {"step":"grammar","state":"ok","ok":true,"detail":"host h","advice":""},
      {"step":"dns","state":"warning","ok":true,"detail":"odd; very odd","advice":"look"},
      {"step":"tunnel","state":"failed","ok":false,"detail":"no tunnel","advice":"start it"},
      {"step":"probe","state":"skipped","ok":null,"detail":"","advice":""}],
      "problem":{"step":"tunnel","detail":"no tunnel","advice":"start it"}})"));
  CHECK(text ==
        "ok    grammar      host h\n"
        "warn  dns          odd\n"
        "                   very odd\n"
        "                   to do: look\n"
        "FAIL  tunnel       no tunnel\n"
        "                   to do: start it\n"
        "-     probe        not looked at\n"
        "\n"
        "h: no tunnel\n"
        "to do: start it\n");
}

TEST_CASE("a good report says so, and vouches for no more than was looked at") {
  CHECK(why_text(Json::parse(R"({"host":"h","steps":[],"problem":null})")) ==
        "\nh: nothing is wrong on the way to the port; what the app answers is not tried (see what requests get: "
        "ingressctl tail --host h)\n");
}

}  // namespace
}  // namespace ingress::ctl
