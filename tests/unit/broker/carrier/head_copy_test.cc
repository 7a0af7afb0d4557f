#include "broker/carrier/head_copy.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace ingress::broker {
namespace {

TEST_CASE("a copy of a request's head outlives what it was made of") {
  std::unique_ptr<HeadCopy> copy;
  {
    const std::string method = "POST";
    const std::string target = "/" + std::string(5000, 'x');
    const std::string name = "X-Long";
    const std::string value(3000, 'v');
    tunnel::OpenHead head;
    head.kind = tunnel::StreamKind::kH2c;
    head.port = 4096;
    head.upgrade = true;
    head.connect_limit = Duration{700};
    head.request.method = method;
    head.request.target = target;
    head.request.fields = {{name, value}, {"Empty", ""}};
    copy = std::make_unique<HeadCopy>(head);
  }
  CHECK(copy->open.kind == tunnel::StreamKind::kH2c);
  CHECK(copy->open.port == 4096);
  CHECK(copy->open.upgrade);
  CHECK(copy->open.connect_limit == Duration{700});
  CHECK(copy->open.request.method == "POST");
  CHECK(copy->open.request.target == "/" + std::string(5000, 'x'));
  REQUIRE(copy->open.request.fields.size() == 2);
  CHECK(copy->open.request.fields[0].name == "X-Long");
  CHECK(copy->open.request.fields[0].value == std::string(3000, 'v'));
  CHECK(copy->open.request.fields[1].value.empty());
}

TEST_CASE("a copy of an answer's head, and of trailers, is theirs") {
  http::ResponseHead head;
  head.status = 207;
  head.reason = "Multi-Status";
  head.fields = {{"a", "1"}, {"b", "2"}};
  const HeadCopy answer(head);
  CHECK(answer.answer.status == 207);
  CHECK(answer.answer.reason == "Multi-Status");
  REQUIRE(answer.answer.fields.size() == 2);
  CHECK(answer.answer.fields[1].name == "b");
  const HeadCopy trailers(head.fields);
  REQUIRE(trailers.trailers.size() == 2);
  CHECK(trailers.trailers[0].value == "1");
}

}  // namespace
}  // namespace ingress::broker
