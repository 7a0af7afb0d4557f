#include "broker/admin/router.h"

#include <doctest/doctest.h>

namespace ingress::broker::admin {
namespace {

struct Asked {
  Router router;
  Answer answer;

  Asked() {
    for (const char* path : {"/v1/machines", "/v1/machines/{id}", "/v1/machines/{id}/tokens/{token}"}) {
      for (const char* method : {"GET", "DELETE"}) {
        router.add(method, path, [path](const RequestPtr& request, const Reply& reply) {
          std::string text = path;
          for (const std::string& param : request->params) text += "|" + param;
          reply({200, kJsonType, text, {}});
        });
      }
    }
  }

  void ask(const std::string& method, const std::string& target) {
    auto request = std::make_shared<Request>();
    request->method = method;
    request->target = *parse_target(target);
    router.dispatch(request, [this](const Answer& given) { answer = given; });
  }
};

TEST_CASE("the first template that matches is the path's, and its methods alone are allowed") {
  Router router;
  for (const auto& [method, path] :
       {std::pair{"GET", "/v1/routes/export"}, {"GET", "/v1/routes/{id}"}, {"DELETE", "/v1/routes/{id}"}}) {
    router.add(method, path, [path = path](const RequestPtr&, const Reply& reply) {
      reply({200, kJsonType, path, {}});
    });
  }
  const auto ask = [&router](const std::string& method, const std::string& target) {
    auto request = std::make_shared<Request>();
    request->method = method;
    request->target = *parse_target(target);
    Answer answer;
    router.dispatch(request, [&answer](const Answer& given) { answer = given; });
    return answer;
  };
  CHECK(ask("GET", "/v1/routes/export").body == "/v1/routes/export");
  CHECK(ask("GET", "/v1/routes/rt_1").body == "/v1/routes/{id}");
  const Answer refused = ask("DELETE", "/v1/routes/export");
  CHECK(refused.status == 405);
  CHECK(refused.fields.front().second == "GET");
}

TEST_CASE("a template's parameters are taken from the path, decoded") {
  Asked asked;
  asked.ask("GET", "/v1/machines/m%31/tokens/tok");
  CHECK(asked.answer.body == "/v1/machines/{id}/tokens/{token}|m1|tok");
  asked.ask("GET", "/v1/machines");
  CHECK(asked.answer.body == "/v1/machines");
  asked.ask("HEAD", "/v1/machines/a");
  CHECK(asked.answer.body == "/v1/machines/{id}|a");
}

TEST_CASE("a query is for those alone that take one, alone and in a batch") {
  Router router;
  const auto answer = [](const RequestPtr&, const Reply& reply) { reply({200, kJsonType, "{}", {}}); };
  const auto planner = [](const RequestPtr&) -> tl::expected<Operation, Answer> { return Operation{}; };
  router.add("GET", "/v1/list", answer, Audience::kBroker, Takes::kQuery);
  router.add("GET", "/v1/one", answer);
  router.add_change("POST", "/v1/one", planner, answer);
  router.add_change("POST", "/v1/list", planner, answer, Takes::kQuery);
  const auto status = [&router](const std::string& method, const std::string& target) {
    auto request = std::make_shared<Request>();
    request->method = method;
    request->target = *parse_target(target);
    Answer given;
    router.dispatch(request, [&given](const Answer& answered) { given = answered; });
    const tl::expected<Operation, Answer> planned = router.plan(request);
    if (method == "POST") CHECK((planned ? 200 : planned.error().status) == given.status);
    if (given.status == 400) CHECK(given.body.find("query value \\\"x\\\" is not known here") != std::string::npos);
    return given.status;
  };
  CHECK(status("GET", "/v1/list?x=1") == 200);
  CHECK(status("POST", "/v1/list?x=1") == 200);
  for (const char* target : {"/v1/one", "/v1/one?", "/v1/one?&"}) {
    CHECK_MESSAGE(status("GET", target) == 200, target);
    CHECK_MESSAGE(status("POST", target) == 200, target);
  }
  for (const char* target : {"/v1/one?x=1", "/v1/one?x", "/v1/one?x=1&y=2"}) {
    CHECK_MESSAGE(status("GET", target) == 400, target);
    CHECK_MESSAGE(status("HEAD", target) == 400, target);
    CHECK_MESSAGE(status("POST", target) == 400, target);
  }
}

TEST_CASE("an unknown path is 404, with problem details that name it") {
  Asked asked;
  for (const char* path : {"/", "/v1", "/v1/machines/a/b", "/v2/machines", "/v1/machines//tokens/x"}) {
    CAPTURE(path);
    asked.ask("GET", path);
    CHECK(asked.answer.status == 404);
    CHECK(asked.answer.content_type == kProblemType);
    CHECK(asked.answer.body.find(path) != std::string::npos);
  }
}

TEST_CASE("a wrong method is 405 and Allow names the right ones") {
  Asked asked;
  asked.ask("PUT", "/v1/machines/a");
  CHECK(asked.answer.status == 405);
  REQUIRE(asked.answer.fields.size() == 1);
  CHECK(asked.answer.fields[0] == std::pair<std::string_view, std::string>{"Allow", "GET, DELETE"});
}

}  // namespace
}  // namespace ingress::broker::admin
