#include "common/cli/help_format.h"

#include <doctest/doctest.h>

using namespace ingress::cli;

TEST_CASE("text is broken at blanks, line by line, and what fits stays as it is") {
  CHECK(wrapped("", 10).empty());
  CHECK(wrapped("as it is\n\nand this\n", 10) == "as it is\n\nand this\n");
  CHECK(wrapped("ten bytes! and more of it", 10) == "ten bytes!\nand more\nof it");
}

TEST_CASE("a word that is wider than the line stays whole") {
  CHECK(wrapped("https://wide.example and on", 10) == "https://wide.example\nand on");
  CHECK(wrapped("https://wide.example", 10) == "https://wide.example");
}

TEST_CASE("a command goes on behind a backslash, and is not broken in its quotes") {
  CHECK(wrapped("  run --first 1 --second 2", 20) == "  run --first 1 \\\n      --second 2");
  CHECK(wrapped("  run 'it is one word' --and", 20) == "  run \\\n      'it is one word' \\\n      --and");
  CHECK(wrapped("  run --fits 1", 20) == "  run --fits 1");
}
