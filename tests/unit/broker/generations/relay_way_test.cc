#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "broker/generations/relayed_stream.h"

using namespace ingress;
using namespace ingress::broker;

namespace {

// One end: takes what it has credit for, and writes down what is done with it.
class Recorder final : public FarStream {
 public:
  size_t sendable() override { return credit; }
  void send_data(MutableBytes payload, bool end) override {
    REQUIRE(payload.size() <= credit);
    credit -= payload.size();
    data += as_text(payload);
    log += end ? "E" : "d";
  }
  void send_trailers(const http::Fields& trailers) override {
    for (const http::Field& field : trailers) log += std::string(field.name) + "=" + std::string(field.value);
  }
  void consumed(size_t bytes) override { given_back += bytes; }
  void abandon(tunnel::ResetCode) override { log += "X"; }

  size_t credit = 0;
  size_t given_back = 0;
  std::string data;
  std::string log;
};

struct Fixture {
  void take(const std::string& text, bool end) {
    std::vector<uint8_t> memory(kHeadroomBytes + text.size());
    std::copy(text.begin(), text.end(), memory.begin() + static_cast<ptrdiff_t>(kHeadroomBytes));
    way.take(MutableBytes(memory).subspan(kHeadroomBytes), end);
  }

  Recorder source;
  Recorder sink;
  CarriedStream from{&source};
  CarriedStream to{&sink};
  RelayWay way{from, to};
};

}  // namespace

TEST_CASE("bytes are passed on as far as the stream ahead takes them, and given back as they are") {
  Fixture fixture;
  fixture.sink.credit = 3;
  fixture.take("abcde", false);
  CHECK(fixture.sink.data == "abc");
  CHECK(fixture.source.given_back == 3);
  fixture.take("fg", false);  // behind what waits
  CHECK(fixture.sink.data == "abc");
  fixture.sink.credit = 3;
  fixture.way.resume();
  CHECK(fixture.sink.data == "abcdef");
  fixture.sink.credit = 10;
  fixture.way.resume();
  CHECK(fixture.sink.data == "abcdefg");
  CHECK(fixture.source.given_back == 7);
  CHECK_FALSE(fixture.way.end_came());
  fixture.take("h", false);
  CHECK(fixture.sink.data == "abcdefgh");
}

TEST_CASE("the end goes with the last byte, or alone where there is none") {
  Fixture fixture;
  fixture.sink.credit = 2;
  fixture.take("abc", true);
  CHECK(fixture.way.end_came());
  CHECK_FALSE(fixture.way.passed());
  CHECK(fixture.sink.log == "d");
  fixture.sink.credit = 1;
  fixture.way.resume();
  CHECK(fixture.sink.log == "dE");
  CHECK(fixture.way.passed());
  Fixture empty;
  empty.take("", true);
  CHECK(empty.sink.log == "E");
  CHECK(empty.way.passed());
}

TEST_CASE("trailers wait behind what waits") {
  Fixture fixture;
  fixture.sink.credit = 1;
  fixture.take("ab", false);
  fixture.way.take_trailers({{"X-Sum", "9"}});
  CHECK(fixture.way.end_came());
  CHECK_FALSE(fixture.way.passed());
  fixture.sink.credit = 1;
  fixture.way.resume();
  CHECK(fixture.sink.log == "ddX-Sum=9");
  CHECK(fixture.way.passed());
  Fixture alone;
  alone.way.take_trailers({{"A", "b"}});
  CHECK(alone.sink.log == "A=b");
  CHECK(alone.way.passed());
}

TEST_CASE("with nobody ahead bytes go nowhere, and with nobody behind they are passed on all the same") {
  Fixture fixture;
  fixture.sink.credit = 1;
  fixture.take("ab", true);
  fixture.from = {};
  fixture.sink.credit = 1;
  fixture.way.resume();
  CHECK(fixture.sink.log == "dE");
  CHECK(fixture.source.given_back == 1);
  Fixture gone;
  gone.to = {};
  gone.take("ab", true);
  gone.way.resume();
  CHECK(gone.sink.log.empty());
  CHECK(gone.way.end_came());
  CHECK_FALSE(gone.way.passed());
}
