#include "broker/admin/object_reader.h"

#include <doctest/doctest.h>

namespace ingress::broker::admin {
namespace {

// The refusal's sentence, "" where there is none.
std::string refused(std::string_view body) {
  std::string text;
  int port = 0;
  bool flag = false;
  std::string object = "{}";
  ObjectReader in(body);
  in.required("text", text);
  in.integer("port", port);
  in.boolean("flag", flag);
  in.object("object", object);
  in.objects("list", [](ObjectReader& each) {
    std::string name;
    each.required("name", name);
    each.object("target", [](ObjectReader& target) {
      std::string machine;
      target.text("machine", machine);
    });
  });
  const auto bad = in.finish();
  return bad ? bad->body : "";
}

TEST_CASE("a body with the right members is read") {
  std::string text;
  std::string machine = "before";
  std::string untouched = "as it was";
  int port = 0;
  bool flag = false;
  std::string object;
  ObjectReader in(R"({"text":"ä","machine":null,"port":-5,"flag":true,"object":{"b":[1,{"c":null}]}})");
  in.required("text", text);
  in.text_or_null("machine", machine);
  in.text("absent", untouched);
  in.integer("port", port);
  in.boolean("flag", flag);
  in.object("object", object);
  CHECK_FALSE(in.finish());
  CHECK(text == "ä");
  CHECK(machine.empty());
  CHECK(untouched == "as it was");
  CHECK(port == -5);
  CHECK(flag);
  CHECK(object == R"({"b":[1,{"c":null}]})");
}

TEST_CASE("an empty body is an empty object") {
  ObjectReader in("");
  CHECK_FALSE(in.finish());
}

TEST_CASE("an unknown member is refused by name, at every depth") {
  CHECK(refused(R"({"text":"a","prot":1})").find(R"(\"prot\" is not known here: the members are text, port)") !=
        std::string::npos);
  CHECK(refused(R"({"text":"a","list":[{"name":"a"},{"name":"b","x":1}]})").find(R"(\"list[1].x\")") !=
        std::string::npos);
  CHECK(refused(R"({"text":"a","list":[{"name":"a","target":{"y":1}}]})").find(R"(\"list[0].target.y\")") !=
        std::string::npos);
}

TEST_CASE("types are checked and the sentence names the member") {
  CHECK(refused(R"({"text":"a"})").empty());
  CHECK(refused(R"({})").find(R"(\"text\" is missing)") != std::string::npos);
  CHECK(refused(R"({"text":1})").find("is not a string") != std::string::npos);
  CHECK(refused(R"({"text":"a","port":"1"})").find("is not a whole number") != std::string::npos);
  CHECK(refused(R"({"text":"a","port":1.5})").find("is not a whole number") != std::string::npos);
  CHECK(refused(R"({"text":"a","port":4294967296})").find("out of range") != std::string::npos);
  CHECK(refused(R"({"text":"a","port":-4294967296})").find("out of range") != std::string::npos);
  CHECK(refused(R"({"text":"a","port":18446744073709551615})").find("out of range") != std::string::npos);
  CHECK(refused(R"({"text":"a","flag":1})").find("neither true nor false") != std::string::npos);
  CHECK(refused(R"({"text":"a","object":[]})").find("is not an object") != std::string::npos);
  CHECK(refused(R"({"text":"a","list":{}})").find("is not an array of objects") != std::string::npos);
  CHECK(refused(R"({"text":"a","list":[1]})").find("is not an array of objects") != std::string::npos);
  CHECK(refused(R"({"text":"a","list":[{}]})").find(R"(\"list[0].name\" is missing)") != std::string::npos);
}

TEST_CASE("a time of 1970 or before is over, and not never") {
  for (const char* text : {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.500Z", "1969-12-31T23:59:59Z"}) {
    CAPTURE(text);
    constexpr int64_t kNow = 1735689600;
    int64_t expires_at = 0;
    ObjectReader in(R"({"expiresAt":")" + std::string(text) + R"("})");
    in.expiry(kNow, expires_at);
    CHECK(expires_at == 1);
    CHECK(in.good());
    in.refuse_over(kNow, expires_at);
    const auto bad = in.finish();
    REQUIRE(bad);
    CHECK(bad->body.find("is over already") != std::string::npos);
  }
}

TEST_CASE("what is not a JSON object is refused, however it is broken") {
  for (const char* body : {"{", "[]", "1", "null", "{} x", "{\"text\":\"\xff\"}", "{'text':'a'}", "\x01", "{\"a\":}"}) {
    CAPTURE(body);
    CHECK(refused(body).find("\"code\":\"bad_request\"") != std::string::npos);
  }
}

TEST_CASE("nesting ends at its limit, also where a million brackets come") {
  CHECK(refused(R"({"text":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[","object":{}})").empty());
  CHECK(refused(R"({"object":{"a":)" + std::string(1000000, '[')).find("nested too deeply") != std::string::npos);
  std::string deep = R"({"text":"a","object":{"a":)";
  deep += std::string(30, '[') + std::string(30, ']') + "}}";
  CHECK(refused(deep).empty());
  deep.insert(deep.find('['), "[");
  deep.insert(deep.find(']'), "]");
  CHECK(refused(deep).find("nested too deeply") != std::string::npos);
}

}  // namespace
}  // namespace ingress::broker::admin
