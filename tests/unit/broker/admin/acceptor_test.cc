#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

#include "broker/admin/admin_acceptor.h"

namespace ingress::broker::admin {
namespace {

class RecordingResponder final : public server::Responder {
 public:
  bool send_head(const http::ResponseHead& head, bool end) override {
    if (head.status == 100) {
      continued = true;
      return true;
    }
    status = head.status;
    for (const http::Field& field : head.fields)
      fields += std::string(field.name) + "=" + std::string(field.value) + ";";
    ended = end;
    return true;
  }
  void send_data(MutableBytes payload, bool end) override {
    body.append(as_text(payload));
    ended = end;
  }
  void send_trailers(const http::Fields&) override {}
  bool congested() const override { return full; }
  void resume_body() override {}
  void abort() override {}
  void close_after_answer() override {}
  void drop_rest_of_request() override { dropped = true; }
  uint64_t body_bytes_sent() const override { return body.size(); }

  int status = 0;
  std::string fields;
  std::string body;
  bool ended = false;
  bool continued = false;
  bool dropped = false;
  bool full = false;
};

// Writes what it is told to, as far as there is room.
struct Source final : BodySource {
  explicit Source(bool& is_alive) : alive(is_alive) { alive = true; }
  ~Source() override { alive = false; }
  void start(BodySink& to) override { sink = &to; }
  void on_room() override { say(std::exchange(waiting, {})); }
  void say(const std::string& text) {
    if (sink->congested()) {
      waiting += text;
    } else {
      sink->write(text);
    }
  }

  bool& alive;
  BodySink* sink = nullptr;
  std::string waiting;
};

struct Streaming {
  Streaming() {
    router.add("GET", "/s", [this](const RequestPtr&, const Reply& reply) {
      const auto made = std::make_shared<Source>(alive);
      source = made.get();
      Answer answer{200, "text/event-stream", {}, {}};
      answer.source = made;
      reply(answer);
    });
  }

  Router router;
  bool alive = false;
  Source* source = nullptr;
};

struct Fixture {
  Router router;
  RequestPtr asked;
  Reply late;  // where `answer_later`
  bool answer_later = false;

  Fixture() {
    for (const char* path : {"/health", "/x"}) {
      for (const char* method : {"GET", "POST"}) {
        router.add(method, path, [this](const RequestPtr& request, const Reply& reply) {
          asked = request;
          if (answer_later) {
            late = reply;
          } else {
            reply(json_answer(200, "{}"));
          }
        });
      }
    }
  }
};

http::RequestHead head_of(std::string_view method, std::string_view target, http::Fields fields = {}) {
  http::RequestHead head;
  head.method = method;
  head.target = target;
  head.fields = std::move(fields);
  return head;
}

server::RequestInfo info(bool end) {
  server::RequestInfo result;
  result.end = end;
  return result;
}

void give(server::RequestHandler& handler, std::string_view text, bool end) {
  std::vector<uint8_t> bytes(kHeadroomBytes + text.size());
  std::copy(text.begin(), text.end(), bytes.begin() + kHeadroomBytes);
  handler.on_body(MutableBytes(bytes).subspan(kHeadroomBytes), end);
}

TEST_CASE("a Unix socket is trusted, and the change's actor says so") {
  Fixture fixture;
  AdminAcceptor acceptor(fixture.router, {true, ""}, nullptr);
  RecordingResponder responder;
  CHECK(acceptor.on_request(responder, head_of("GET", "/x"), info(true)) == nullptr);
  CHECK(responder.status == 200);
  CHECK(fixture.asked->actor == "unix");
}

TEST_CASE("over TCP the token is needed, whole and right") {
  Fixture fixture;
  AdminAcceptor acceptor(fixture.router, {false, "secret"}, nullptr);
  const auto status = [&acceptor](http::Fields fields) {
    RecordingResponder responder;
    acceptor.on_request(responder, head_of("GET", "/x", std::move(fields)), info(true));
    return responder.status;
  };
  CHECK(status({}) == 401);
  CHECK(status({{"Authorization", "Bearer secre"}}) == 401);
  CHECK(status({{"Authorization", "Bearer secrets"}}) == 401);
  CHECK(status({{"Authorization", "Basic secret"}}) == 401);
  CHECK(status({{"Authorization", "secret"}}) == 401);
  CHECK(status({{"Authorization", ""}}) == 401);
  CHECK(fixture.asked == nullptr);
  CHECK(status({{"authorization", "bearer secret"}}) == 200);
  CHECK(fixture.asked->actor == "admin-token");
}

TEST_CASE("of two tokens neither is taken") {
  Fixture fixture;
  AdminAcceptor acceptor(fixture.router, {false, "secret"}, nullptr);
  for (const char* other : {"Bearer secret", "Bearer x", ""}) {
    CAPTURE(other);
    RecordingResponder responder;
    acceptor.on_request(responder, head_of("GET", "/x", {{"Authorization", "Bearer secret"}, {"authorization", other}}),
                        info(true));
    CHECK(responder.status == 401);
    CHECK(responder.body.find("two \\\"Authorization\\\" fields") != std::string::npos);
  }
  CHECK(fixture.asked == nullptr);
}

TEST_CASE("the lines of If-Match are one list, and one that says nothing is refused") {
  Fixture fixture;
  AdminAcceptor acceptor(fixture.router, {true, ""}, nullptr);
  const auto status = [&acceptor](std::string_view method, http::Fields fields) {
    RecordingResponder responder;
    acceptor.on_request(responder, head_of(method, "/x", std::move(fields)), info(true));
    return responder.status;
  };
  CHECK(status("POST", {{"If-Match", "\"a\""}, {"If-None-Match", "\"c\""}, {"if-match", "\"b\""}}) == 200);
  CHECK(fixture.asked->if_match == "\"a\", \"b\"");
  CHECK(fixture.asked->if_none_match == "\"c\"");
  CHECK(status("POST", {{"If-Match", ""}, {"If-Match", ""}}) == 200);
  CHECK(fixture.asked->if_match == ", ");  // it matches nothing
  CHECK(status("POST", {{"If-Match", ""}}) == 400);
  CHECK(status("GET", {{"If-Match", ""}}) == 200);
  CHECK(status("POST", {}) == 200);
  CHECK(fixture.asked->if_match.empty());
}

TEST_CASE("a refusal over TCP is problem details with a challenge, and an empty token admits nobody") {
  Fixture fixture;
  AdminAcceptor acceptor(fixture.router, {false, ""}, nullptr);
  RecordingResponder responder;
  acceptor.on_request(responder, head_of("GET", "/x", {{"Authorization", "Bearer "}}), info(true));
  CHECK(responder.status == 401);
  CHECK(responder.fields.find("WWW-Authenticate=Bearer;") != std::string::npos);
  CHECK(responder.fields.find("Content-Type=application/problem+json;") != std::string::npos);
  CHECK(responder.body.find("\"code\":\"unauthorized\"") != std::string::npos);
}

TEST_CASE("health is open to all") {
  Fixture fixture;
  AdminAcceptor acceptor(fixture.router, {false, "secret"}, nullptr);
  RecordingResponder responder;
  acceptor.on_request(responder, head_of("GET", "/health"), info(true));
  CHECK(responder.status == 200);
}

TEST_CASE("a body is gathered byte by byte") {
  Fixture fixture;
  AdminAcceptor acceptor(fixture.router, {true, ""}, nullptr);
  RecordingResponder responder;
  server::RequestHandler* handler = acceptor.on_request(responder, head_of("POST", "/x"), info(false));
  REQUIRE(handler != nullptr);
  const std::string_view body = R"({"a":1})";
  for (size_t i = 0; i < body.size(); ++i) give(*handler, body.substr(i, 1), i + 1 == body.size());
  CHECK(fixture.asked->body == body);
  CHECK(responder.status == 200);
  CHECK(responder.ended);
}

// A POST with a good token, whose body is on its way when the token is changed.
struct Begun : Fixture {
  Begun() {
    handler = acceptor.on_request(responder, head_of("POST", "/x", {{"Authorization", "Bearer secret"}}), info(false));
    REQUIRE(handler != nullptr);
    give(*handler, R"({"a":)", false);
    acceptor.set_token("another");
  }

  AdminAcceptor acceptor{router, {false, "secret"}, nullptr};
  RecordingResponder responder;
  server::RequestHandler* handler = nullptr;
};

TEST_CASE_FIXTURE(Begun, "a request whose token is good no more at its end is 401, and nothing is done") {
  SUBCASE("by the body") { give(*handler, "1}", true); }
  SUBCASE("by an empty piece") { give(*handler, "", true); }
  SUBCASE("by trailers") { handler->on_trailers({{"X-Sum", "1"}}); }
  CHECK(asked == nullptr);
  CHECK(responder.status == 401);
  CHECK(responder.ended);
  CHECK(responder.fields.find("WWW-Authenticate=Bearer;") != std::string::npos);
  acceptor.end_unwelcome();
}

TEST_CASE_FIXTURE(Begun, "a request whose token is good again at its end is carried out") {
  acceptor.set_token("secret");
  acceptor.end_unwelcome();
  give(*handler, "1}", true);
  CHECK(responder.status == 200);
  CHECK(asked->body == R"({"a":1})");
}

TEST_CASE_FIXTURE(Begun, "what is still to come of a request with a token that is good no more is not waited for") {
  RecordingResponder other;
  REQUIRE(acceptor.on_request(other, head_of("POST", "/x", {{"Authorization", "Bearer another"}}), info(false)) !=
          nullptr);
  acceptor.end_unwelcome();
  CHECK(responder.status == 401);
  CHECK(responder.ended);
  CHECK(responder.dropped);
  CHECK(other.status == 0);
  CHECK(asked == nullptr);
  acceptor.end_unwelcome();
}

TEST_CASE("what is being done for a token that is good no more is done, and answered") {
  Fixture fixture;
  fixture.answer_later = true;
  AdminAcceptor acceptor(fixture.router, {false, "secret"}, nullptr);
  RecordingResponder responder;
  const http::RequestHead head = head_of("POST", "/x", {{"Authorization", "Bearer secret"}});
  REQUIRE(acceptor.on_request(responder, head, info(true)) != nullptr);
  acceptor.set_token("another");
  acceptor.end_unwelcome();
  CHECK(responder.status == 0);
  fixture.late(json_answer(200, "{}"));
  CHECK(responder.status == 200);
}

TEST_CASE("Expect: 100-continue is answered before the body") {
  Fixture fixture;
  AdminAcceptor acceptor(fixture.router, {true, ""}, nullptr);
  RecordingResponder responder;
  CHECK(acceptor.on_request(responder, head_of("POST", "/x", {{"Expect", "100-continue"}}), info(false)) != nullptr);
  CHECK(responder.continued);
  CHECK(responder.status == 0);
}

TEST_CASE("a body over 1 MiB is 413, announced or not") {
  Fixture fixture;
  AdminAcceptor acceptor(fixture.router, {true, ""}, nullptr);
  RecordingResponder announced;
  CHECK(acceptor.on_request(announced, head_of("POST", "/x", {{"Content-Length", "1048577"}}), info(false)) == nullptr);
  CHECK(announced.status == 413);
  RecordingResponder responder;
  server::RequestHandler* handler = acceptor.on_request(responder, head_of("POST", "/x"), info(false));
  REQUIRE(handler != nullptr);
  give(*handler, std::string(kMaxBodyBytes, 'x'), false);
  CHECK(responder.status == 0);
  give(*handler, "x", false);
  CHECK(responder.status == 413);
  CHECK(fixture.asked == nullptr);
}

TEST_CASE("an answer that comes after its client left goes nowhere") {
  Fixture fixture;
  fixture.answer_later = true;
  AdminAcceptor acceptor(fixture.router, {true, ""}, nullptr);
  RecordingResponder responder;
  server::RequestHandler* handler = acceptor.on_request(responder, head_of("GET", "/x"), info(true));
  REQUIRE(handler != nullptr);
  handler->on_aborted(Error{});
  fixture.late(json_answer(200, "{}"));
  CHECK(responder.status == 0);
}

TEST_CASE("an answer from a source is written as it comes, and waits while its client is full") {
  Streaming streaming;
  AdminAcceptor acceptor(streaming.router, {true, ""}, nullptr);
  RecordingResponder responder;
  server::RequestHandler* handler = acceptor.on_request(responder, head_of("GET", "/s"), info(true));
  REQUIRE(handler != nullptr);
  CHECK(responder.status == 200);
  CHECK(responder.fields.find("Content-Type=text/event-stream;") != std::string::npos);
  CHECK(responder.fields.find("Content-Length") == std::string::npos);
  streaming.source->say("a");
  CHECK(responder.body == "a");
  responder.full = true;
  streaming.source->say("b");
  CHECK(responder.body == "a");
  responder.full = false;
  handler->on_drained();
  CHECK(responder.body == "ab");
  CHECK_FALSE(responder.ended);
  CHECK(streaming.alive);
  handler->on_aborted(Error{});
  CHECK_FALSE(streaming.alive);
}

TEST_CASE("a source may end its body, and so may the acceptor for all that have no end") {
  Streaming streaming;
  AdminAcceptor acceptor(streaming.router, {true, ""}, nullptr);
  RecordingResponder first;
  REQUIRE(acceptor.on_request(first, head_of("GET", "/s"), info(true)) != nullptr);
  streaming.source->sink->end();
  CHECK(first.ended);
  CHECK_FALSE(streaming.alive);
  RecordingResponder second;
  REQUIRE(acceptor.on_request(second, head_of("GET", "/s"), info(true)) != nullptr);
  acceptor.end_streams();
  CHECK(second.ended);
  CHECK_FALSE(streaming.alive);
  acceptor.end_streams();
}

TEST_CASE("HEAD of what comes from a source is its head alone") {
  Streaming streaming;
  AdminAcceptor acceptor(streaming.router, {true, ""}, nullptr);
  RecordingResponder responder;
  CHECK(acceptor.on_request(responder, head_of("HEAD", "/s"), info(true)) == nullptr);
  CHECK(responder.status == 200);
  CHECK(responder.ended);
  CHECK_FALSE(streaming.alive);
}

TEST_CASE("a request that cannot be read is answered with problem details") {
  Fixture fixture;
  AdminAcceptor acceptor(fixture.router, {true, ""}, nullptr);
  const http::ErrorAnswer answer =
      acceptor.on_unreadable(Error{ErrorCode::kBadRequest, Side::kClient, false, 0, "two Hosts"}, {});
  CHECK(answer.status == 400);
  CHECK(answer.content_type == "application/problem+json");
  CHECK(answer.body.find("two Hosts") != std::string::npos);
}

TEST_CASE("a target that is no path is 400") {
  Fixture fixture;
  AdminAcceptor acceptor(fixture.router, {true, ""}, nullptr);
  RecordingResponder responder;
  CHECK(acceptor.on_request(responder, head_of("OPTIONS", "*"), info(true)) == nullptr);
  CHECK(responder.status == 400);
}

}  // namespace
}  // namespace ingress::broker::admin
