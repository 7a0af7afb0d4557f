#include "broker/client/held_request.h"

#include <doctest/doctest.h>

#include <string>

using namespace ingress;
using ingress::broker::HeldRequest;

TEST_CASE("a held head outlives the bytes that it was read from") {
  HeldRequest held;
  for (const size_t size : {size_t{1}, size_t{10'000}, size_t{3}}) {
    std::string text = "POST/pathCookie" + std::string(size, 'v') + "192.0.2.1";
    const std::string_view view = text;
    http::RequestHead head;
    head.method = view.substr(0, 4);
    head.target = view.substr(4, 5);
    head.minor_version = 0;
    head.fields = {{view.substr(9, 6), view.substr(15, size)}, {"Empty", ""}};
    server::RequestInfo info;
    info.client_ip = view.substr(15 + size);
    info.upgrade = true;
    held.hold(head, info);
    text.assign(text.size(), 'X');
    CHECK(held.head().method == "POST");
    CHECK(held.head().target == "/path");
    CHECK(held.head().minor_version == 0);
    REQUIRE(held.head().fields.size() == 2);
    CHECK(held.head().fields[0].name == "Cookie");
    CHECK(held.head().fields[0].value == std::string(size, 'v'));
    CHECK(held.head().fields[1].name == "Empty");
    CHECK(held.info().client_ip == "192.0.2.1");
    CHECK(held.info().upgrade);
    CHECK(held.bytes() == 4 + 5 + 6 + size + 5 + 9);
    held.drop_fields();
    CHECK(held.head().fields.empty());
    CHECK(held.head().method == "POST");
    CHECK(held.head().target == "/path");
    CHECK(held.info().client_ip == "192.0.2.1");
    held.let_go();
    CHECK(held.bytes() == 0);
    CHECK(held.head().method.empty());
  }
}
