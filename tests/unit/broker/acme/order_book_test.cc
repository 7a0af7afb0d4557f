#include "broker/acme/order_book.h"

#include <doctest/doctest.h>

namespace ingress::broker::acme {
namespace {

constexpr int64_t kNow = 1'800'000'000;
constexpr int64_t kHour = 3600;

BookLimits limits(int orders = 100, int project_orders = 100) {
  return {std::chrono::minutes(5), orders, project_orders};
}

TEST_CASE("what nothing is known of may begin at once") {
  const OrderBook book(limits());
  CHECK(book.find("a.example") == nullptr);
  CHECK(book.may_begin("a.example", "p", kNow) == kNow);
}

TEST_CASE("the wait after a failed order doubles, up to a day, for each name by itself") {
  OrderBook book(limits());
  for (const int64_t wait : {300, 600, 1200, 2400}) {
    book.failed("a.example", Failure::kOrder, "no", kNow);
    CHECK(book.may_begin("a.example", "p", kNow) == kNow + wait);
  }
  for (int i = 0; i < 40; ++i) book.failed("a.example", Failure::kOrder, "no", kNow);
  CHECK(book.may_begin("a.example", "p", kNow) == kNow + 24 * kHour);
  CHECK(book.may_begin("b.example", "p", kNow) == kNow);
  REQUIRE(book.find("a.example") != nullptr);
  CHECK(book.find("a.example")->last_error == "no");
}

TEST_CASE("what the owner has yet to make is looked at again soon, and at least every ten minutes") {
  OrderBook book(limits());
  book.failed("a.example", Failure::kUnready, "no record", kNow);
  CHECK(book.may_begin("a.example", "p", kNow) == kNow + 10);
  for (int i = 0; i < 20; ++i) book.failed("a.example", Failure::kUnready, "no record", kNow);
  CHECK(book.may_begin("a.example", "p", kNow) == kNow + 600);
}

TEST_CASE("looks in vain are no failures of orders, and an order that failed makes no look later") {
  OrderBook book(limits());
  for (int i = 0; i < 20; ++i) book.failed("a.example", Failure::kUnready, "no record", kNow);
  book.failed("a.example", Failure::kOrder, "no", kNow);
  CHECK(book.may_begin("a.example", "p", kNow) == kNow + 300);
  book.failed("a.example", Failure::kUnready, "no record", kNow);
  CHECK(book.may_begin("a.example", "p", kNow) == kNow + 10);
  book.failed("a.example", Failure::kOrder, "no", kNow);
  CHECK(book.may_begin("a.example", "p", kNow) == kNow + 600);
}

TEST_CASE("a pair that waits for its place is tried soon, and is forgotten by the next order and the next owner") {
  OrderBook book(limits());
  book.failed("a.example", Failure::kUnplaced, "no room", kNow);
  CHECK(book.may_begin("a.example", "p", kNow) == kNow + 10);
  CHECK(book.find("a.example")->unplaced);
  OrderBook read(limits());
  read.read(book.text(), kNow);
  CHECK(read.find("a.example")->unplaced);
  CHECK(read.text() == book.text());
  book.failed("a.example", Failure::kUnready, "no record", kNow);
  CHECK(book.find("a.example")->unplaced);
  book.failed("a.example", Failure::kOrder, "no", kNow);
  CHECK_FALSE(book.find("a.example")->unplaced);
  read.withdrawn("a.example");
  CHECK_FALSE(read.find("a.example")->unplaced);
}

TEST_CASE("who asks for it need not wait for what failed; an issued one has no past") {
  OrderBook book(limits());
  book.failed("a.example", Failure::kOrder, "no", kNow);
  book.forgive("a.example");
  CHECK(book.may_begin("a.example", "p", kNow) == kNow);
  book.failed("a.example", Failure::kOrder, "no", kNow);
  CHECK(book.may_begin("a.example", "p", kNow) == kNow + 600);
  book.settled("a.example");
  book.failed("a.example", Failure::kOrder, "no", kNow);
  CHECK(book.may_begin("a.example", "p", kNow) == kNow + 300);
}

TEST_CASE("an hour has so many orders of a project, and so many in all, the operator's own among them") {
  OrderBook book(limits(4, 2));
  book.began("p", kNow);
  CHECK(book.rates_allow("p", kNow + 1) == kNow + 1);
  book.began("p", kNow + 10);
  CHECK(book.rates_allow("p", kNow + 20) == kNow + kHour);
  CHECK(book.rates_allow("q", kNow + 20) == kNow + 20);
  CHECK(book.rates_allow("", kNow + 20) == kNow + 20);
  book.began("", kNow + 20);
  book.began("", kNow + 30);
  CHECK(book.rates_allow("q", kNow + 40) == kNow + kHour);
  CHECK(book.rates_allow("", kNow + 40) == kNow + kHour);
  CHECK(book.rates_allow("p", kNow + kHour) == kNow + kHour);
}

TEST_CASE("what the rates hold off waits for them, is no failure of an order, and is not told to another book") {
  OrderBook book(limits());
  book.held_off("a.example", "too many", kNow + 100, kNow);
  CHECK(book.may_begin("a.example", "p", kNow) == kNow + 100);
  CHECK(book.find("a.example")->last_error == "too many");
  OrderBook read(limits());
  read.read(book.text(), kNow);
  CHECK(read.find("a.example") == nullptr);
  book.failed("a.example", Failure::kOrder, "no", kNow);
  CHECK(book.may_begin("a.example", "p", kNow) == kNow + 300);
  read.read(book.text(), kNow);
  CHECK(read.find("a.example") != nullptr);
}

TEST_CASE("its text tells another book all of it") {
  OrderBook book(limits(100, 1));
  book.failed("a.example", Failure::kOrder, "said \"no\"\xff", kNow);
  book.began("p", kNow);
  OrderBook read(limits(100, 1));
  read.read(book.text(), kNow + 1);
  REQUIRE(read.find("a.example") != nullptr);
  CHECK(read.find("a.example")->failures == 1);
  CHECK(read.find("a.example")->failed_at == kNow);
  CHECK(read.may_begin("a.example", "q", kNow + 1) == kNow + 300);
  CHECK(read.rates_allow("p", kNow + 1) == kNow + kHour);
  CHECK(read.text() == book.text());
}

TEST_CASE("a text that is none, or of a clock that was wrong, holds nothing off for ever") {
  OrderBook book(limits());
  for (const char* text : {"", "{", "[]", R"({"certificates":{"a":1},"orders":[1,{"at":"x"}]})"}) book.read(text, kNow);
  CHECK(book.find("a") == nullptr);
  OrderBook future(limits());
  future.failed("a.example", Failure::kOrder, "no", kNow * 2);
  future.began("p", kNow * 2);
  OrderBook read(limits(1, 1));
  read.read(future.text(), kNow);
  CHECK(read.may_begin("a.example", "p", kNow) == kNow + 24 * kHour);
  CHECK(read.rates_allow("p", kNow) == kNow);
}

TEST_CASE("names that are no longer wanted are forgotten") {
  OrderBook book(limits());
  book.failed("a.example", Failure::kOrder, "no", kNow);
  book.failed("b.example", Failure::kOrder, "no", kNow);
  book.keep([](const std::string& name) { return name == "b.example"; });
  CHECK(book.find("a.example") == nullptr);
  CHECK(book.find("b.example") != nullptr);
}

}  // namespace
}  // namespace ingress::broker::acme
