#include "common/base/trim.h"

#include <doctest/doctest.h>

using namespace ingress;

TEST_CASE("blanks are taken off both ends, and nothing else") {
  CHECK(trim_blanks("") == "");
  CHECK(trim_blanks(" \t ") == "");
  CHECK(trim_blanks("a") == "a");
  CHECK(trim_blanks("\t a b\t ") == "a b");
  CHECK(trim_blanks("a\r\n") == "a\r\n");
}
