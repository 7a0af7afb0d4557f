#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>

#include "tests/unit/broker/admin/admin_fixture.h"

namespace ingress::broker {
namespace {

using nlohmann::json;

TEST_CASE("the socket is its owner's alone, and health and ready answer") {
  AdminFixture admin;
  struct stat info {};
  REQUIRE(::stat(admin.socket_path().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(admin.ask("GET", "/health").status == 200);
  CHECK(admin.ask("GET", "/ready").status == 200);
}

TEST_CASE("loops are listed with what each has and has done") {
  AdminFixture admin;
  const HttpAnswer listed = admin.ask("GET", "/v1/loops");
  CHECK(listed.status == 200);
  CHECK(listed.body == json::parse(R"({"items":[{"loop":0,"clients":1,"machines":2,"tunnels":3,"parked":6,
                                      "streams":5,"crossingStreams":4}],"next":null})"));
  CHECK(admin.ask("GET", "/v1/loops?x=1").status == 400);
}

TEST_CASE("metrics are Prometheus' text, of the process too") {
  AdminFixture admin;
  REQUIRE(admin.ask("POST", "/v1/machines", R"({"id":"mach_1"})").status == 201);
  const auto client = admin.listen("/metrics");
  REQUIRE(admin.run_until_received(*client, "process_start_time_seconds 1"));
  const std::string& text = client->received;
  CHECK(text.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n") != std::string::npos);
  for (const char* line : {"\ningress_store_commits_total 1\n", "\ningress_build_info{version=\"1.2.3\"} 1\n",
                           "\ningress_wakes_total{result=\"woken\"} 7\n", "\nprocess_open_fds "}) {
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
  }
}

TEST_CASE("a machine is made, shown, changed, listed and deleted") {
  AdminFixture admin;
  const HttpAnswer made = admin.ask("POST", "/v1/machines", R"({"id":"mach_1","metadata":{"a":{"b":1}}})");
  CHECK(made.status == 201);
  CHECK(made.head.find("Location: /v1/machines/mach_1\r\n") != std::string::npos);
  CHECK(made.body["defaultPort"] == 3000);
  CHECK(made.body["connected"] == false);
  CHECK(made.body["hosts"][0] == "mach_1.machines.admin.test");
  CHECK(made.body["urls"][0] == "https://mach_1.machines.admin.test:8443/");
  CHECK(admin.ask("POST", "/v1/machines", R"({"id":"mach_1"})").status == 409);
  CHECK(admin.ask("POST", "/v1/machines", R"({"id":"mach-1"})").status == 409);
  CHECK(admin.ask("POST", "/v1/machines", R"({"id":"Mach"})").status == 400);
  const HttpAnswer changed = admin.ask("PATCH", "/v1/machines/mach_1", R"({"defaultPort":8080})");
  CHECK(changed.status == 200);
  CHECK(changed.body["defaultPort"] == 8080);
  CHECK(changed.body["metadata"]["a"]["b"] == 1);
  CHECK(admin.ask("PATCH", "/v1/machines/mach_1", R"({"defaultPort":0})").status == 400);
  CHECK(admin.ask("PATCH", "/v1/machines/mach_1", R"({"state":"gone"})").status == 400);
  CHECK(admin.ask("PATCH", "/v1/machines/none", "{}").status == 404);
  CHECK(admin.ask("GET", "/v1/machines").body["items"].size() == 1);
  CHECK(admin.ask("DELETE", "/v1/machines/mach_1").status == 204);
  CHECK(admin.ask("GET", "/v1/machines/mach_1").status == 404);
  CHECK(admin.ask("DELETE", "/v1/machines/mach_1").status == 404);
}

TEST_CASE("a machine without an id gets one") {
  AdminFixture admin;
  const HttpAnswer made = admin.ask("POST", "/v1/machines");
  REQUIRE(made.status == 201);
  CHECK(made.body["id"].get<std::string>().starts_with("mach_"));
}

TEST_CASE("a token is shown once and opens the machine until it is deleted") {
  AdminFixture admin;
  admin.ask("POST", "/v1/machines", R"({"id":"mach_1"})");
  const HttpAnswer made = admin.ask("POST", "/v1/machines/mach_1/tokens", R"({"label":"laptop"})");
  REQUIRE(made.status == 201);
  const std::string secret = made.body["token"];
  const std::string id = made.body["id"];
  CHECK(admin.index().token_machine("mach_1", tls::sha256_hex(secret)) == "mach_1");
  const HttpAnswer listed = admin.ask("GET", "/v1/machines/mach_1/tokens");
  CHECK(listed.body["items"][0]["label"] == "laptop");
  CHECK(listed.body.dump().find(secret) == std::string::npos);
  CHECK(listed.body.dump().find(tls::sha256_hex(secret)) == std::string::npos);
  CHECK(admin.ask("GET", "/v1/changes").body.dump().find(tls::sha256_hex(secret)) == std::string::npos);
  CHECK(admin.ask("GET", "/v1/machines/mach_1/tokens/" + id).body["id"] == id);
  CHECK(admin.ask("DELETE", "/v1/machines/mach_1/tokens/" + id).status == 204);
  CHECK(admin.index().token_machine("mach_1", tls::sha256_hex(secret)).empty());
  CHECK(admin.ask("POST", "/v1/machines/none/tokens").status == 404);
  CHECK(admin.ask("GET", "/v1/machines/none/tokens").status == 404);
}

TEST_CASE("a project is attached and detached, and a change of it keeps its machine") {
  AdminFixture admin;
  admin.ask("POST", "/v1/machines", R"({"id":"mach_1","state":"detached"})");
  const HttpAnswer made = admin.ask("POST", "/v1/projects", R"({"slug":"misha","policy":{"profile":"vite"}})");
  CHECK(made.status == 201);
  CHECK(made.body["machine"].is_null());
  CHECK(made.body["urls"][0] == "https://misha.admin.test:8443/");
  const HttpAnswer attached = admin.ask("PUT", "/v1/projects/misha/machine", R"({"machine":"mach_1"})");
  CHECK(attached.status == 200);
  CHECK(attached.body["machine"] == "mach_1");
  CHECK(admin.ask("GET", "/v1/machines/mach_1").body["state"] == "active");
  const HttpAnswer changed = admin.ask("PATCH", "/v1/projects/misha", R"({"suspended":true})");
  CHECK(changed.body["machine"] == "mach_1");
  CHECK(changed.body["policy"]["profile"] == "vite");
  CHECK(admin.ask("PATCH", "/v1/projects/misha", R"({"policy":{"profil":"x"}})").status == 400);
  CHECK(admin.ask("PUT", "/v1/projects/misha/machine", R"({"machine":"none"})").status == 404);
  CHECK(admin.ask("PUT", "/v1/projects/misha/machine", R"({"machine":""})").status == 400);
  CHECK(admin.ask("DELETE", "/v1/machines/mach_1").status == 409);
  CHECK(admin.ask("DELETE", "/v1/projects/misha/machine").status == 204);
  CHECK(admin.ask("GET", "/v1/projects/misha").body["machine"].is_null());
  CHECK(admin.ask("GET", "/v1/projects?machine=mach_1").body["items"].empty());
  CHECK(admin.ask("DELETE", "/v1/projects/misha").status == 204);
}

TEST_CASE("PUT makes a service, then replaces it") {
  AdminFixture admin;
  CHECK(admin.ask("PUT", "/v1/projects/misha/services/docs", R"({"port":4000})").status == 404);
  admin.ask("POST", "/v1/projects", R"({"slug":"misha"})");
  const HttpAnswer made = admin.ask("PUT", "/v1/projects/misha/services/docs", R"({"port":4000})");
  CHECK(made.status == 201);
  CHECK(made.body["hosts"] == json{"docs__misha.admin.test", "docs.misha.admin.test"});
  const HttpAnswer replaced = admin.ask("PUT", "/v1/projects/misha/services/docs", R"({"port":4001})");
  CHECK(replaced.status == 200);
  CHECK(admin.ask("GET", "/v1/projects/misha/services/docs").body["port"] == 4001);
  CHECK(admin.ask("PUT", "/v1/projects/misha/services/docs", "{}").status == 400);
  CHECK(admin.ask("PUT", "/v1/projects/misha/services/docs", R"({"port":70000})").status == 400);
  CHECK(admin.ask("GET", "/v1/projects/misha/services").body["items"].size() == 1);
  CHECK(admin.ask("DELETE", "/v1/projects/misha/services/docs").status == 204);
  CHECK(admin.ask("GET", "/v1/projects/misha/services/docs").status == 404);
}

TEST_CASE("a route's patterns are normalised, and conflicts fail or overwrite as asked") {
  AdminFixture admin;
  admin.ask("POST", "/v1/machines", R"({"id":"mach_1"})");
  const std::string body =
      R"({"id":"rt_1","externalId":"x-7","patterns":[{"pattern":"A.Example.com.","target":{"machine":"mach_1"}},)"
      R"({"pattern":"*.b.example.com","target":{"machine":"mach_1","port":80},"policy":{"auth":"deny"}}]})";
  const HttpAnswer made = admin.ask("POST", "/v1/routes", body);
  CHECK(made.status == 201);
  CHECK(made.body["patterns"][0]["pattern"] == "a.example.com");
  CHECK(made.body["hosts"] == json{"a.example.com"});
  const std::string other = R"({"patterns":[{"pattern":"a.example.com","target":{"machine":"mach_1","port":1}}])";
  CHECK(admin.ask("POST", "/v1/routes", other + "}").status == 409);
  const HttpAnswer taken = admin.ask("POST", "/v1/routes", other + R"(,"onConflict":"overwrite"})");
  CHECK(taken.status == 201);
  CHECK(taken.body["id"].get<std::string>().starts_with("rt_"));
  CHECK(admin.ask("GET", "/v1/routes/rt_1").body["patterns"].size() == 1);
  CHECK(admin.ask("GET", "/v1/routes?externalId=x-7").body["items"].size() == 1);
  CHECK(admin.ask("GET", "/v1/routes?externalId=none").body["items"].empty());
  const HttpAnswer changed = admin.ask("PATCH", "/v1/routes/rt_1", R"({"externalId":null,"metadata":{"k":1}})");
  CHECK(changed.status == 200);
  CHECK(changed.body["externalId"].is_null());
  CHECK(changed.body["patterns"].size() == 1);
  CHECK(admin.ask("PATCH", "/v1/routes/rt_1", R"({"patterns":[]})").status == 400);
  CHECK(admin.ask("POST", "/v1/routes", R"({"patterns":[{"pattern":"a.*","target":{}}]})").status == 400);
  CHECK(admin.ask("POST", "/v1/routes", R"({"patterns":[{"pattern":"x.example.com"}]})").status == 400);
  for (const char* port : {"0", "-1", "65536", "null", "\"80\""}) {
    CAPTURE(port);
    const std::string target = R"({"machine":"mach_1","port":)" + std::string(port) + "}";
    const std::string pattern = R"({"patterns":[{"pattern":"x.example.com","target":)" + target + "}]}";
    CHECK(admin.ask("POST", "/v1/routes", pattern).status == 400);
  }
  CHECK(admin.ask("DELETE", "/v1/routes/rt_1").status == 204);
  CHECK(admin.ask("GET", "/v1/routes/rt_1").status == 404);
}

TEST_CASE("a custom domain is added, found in any case, and removed") {
  AdminFixture admin;
  admin.ask("POST", "/v1/projects", R"({"slug":"misha"})");
  CHECK(admin.ask("POST", "/v1/domains", R"({"name":"Example.com","project":"misha"})").status == 201);
  CHECK(admin.ask("POST", "/v1/domains", R"({"name":"ex ample","project":"misha"})").status == 400);
  CHECK(admin.ask("POST", "/v1/domains", R"({"name":"b.com","project":"none"})").status == 404);
  CHECK(admin.ask("GET", "/v1/domains/EXAMPLE.com").body["name"] == "example.com");
  CHECK(admin.ask("GET", "/v1/domains?project=misha").body["items"].size() == 1);
  CHECK(admin.ask("DELETE", "/v1/domains/example.com").status == 204);
  CHECK(admin.ask("GET", "/v1/domains").body["items"].empty());
}

TEST_CASE("changes tell who did what, from a revision on") {
  AdminFixture admin;
  admin.ask("POST", "/v1/machines", R"({"id":"mach_1"})");
  admin.ask("DELETE", "/v1/machines/mach_1");
  const HttpAnswer all = admin.ask("GET", "/v1/changes");
  REQUIRE(all.body["items"].size() == 2);
  CHECK(all.body["items"][0]["actor"] == "unix");
  CHECK(all.body["items"][0]["subject"] == "mach_1");
  CHECK(all.body["items"][0]["before"].is_null());
  CHECK(all.body["items"][1]["before"]["id"] == "mach_1");
  const int64_t first = all.body["items"][0]["revision"];
  const HttpAnswer rest = admin.ask("GET", "/v1/changes?since=" + std::to_string(first));
  CHECK(rest.body["items"].size() == 1);
  CHECK(rest.body["next"] == all.body["next"]);
  CHECK(admin.ask("GET", "/v1/changes?limit=1").body["items"].size() == 1);
  CHECK(admin.ask("GET", "/v1/changes?limit=0").status == 400);
  CHECK(admin.ask("GET", "/v1/changes?sinc=1").status == 400);
}

TEST_CASE("If-Match holds a change against the record that was read") {
  AdminFixture admin;
  admin.ask("POST", "/v1/machines", R"({"id":"mach_1"})");
  const std::string head = admin.ask("GET", "/v1/machines/mach_1").head;
  const size_t at = head.find("ETag: ") + 6;
  const std::string tag = head.substr(at, head.find("\r\n", at) - at);
  const auto patched = [&admin](const std::string& if_match) {
    return admin.ask("PATCH", "/v1/machines/mach_1", R"({"metadata":{}})", "If-Match: " + if_match + "\r\n").status;
  };
  for (const std::string& other : {"W/" + tag, "W/" + tag + ", \"other\"", "x" + tag, tag + "x", std::string("\"\"")}) {
    CAPTURE(other);
    CHECK(patched(other) == 412);
  }
  const std::string weak_too = std::string("W/").append(tag).append(",").append(tag);
  for (const std::string& same : {tag, "\"other\" , " + tag, weak_too, std::string("*")}) {
    CAPTURE(same);
    CHECK(patched(same) == 200);
  }
  const std::string condition = "If-Match: " + tag + "\r\n";
  CHECK(admin.ask("PATCH", "/v1/machines/mach_1", R"({"defaultPort":1})", condition).status == 200);
  const HttpAnswer late = admin.ask("PATCH", "/v1/machines/mach_1", R"({"defaultPort":2})", condition);
  CHECK(late.status == 412);
  CHECK(late.body["code"] == "precondition_failed");
  CHECK(admin.ask("GET", "/v1/machines/mach_1").body["defaultPort"] == 1);
}

TEST_CASE("changes of one record at the same time do not lose each other") {
  AdminFixture admin;
  admin.ask("POST", "/v1/machines", R"({"id":"mach_1"})");
  const auto a = admin.client();
  const auto b = admin.client();
  const auto patch = [](const std::string& body) {
    return "PATCH /v1/machines/mach_1 HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  };
  a->send(patch(R"({"defaultPort":4444})"));
  b->send(patch(R"({"metadata":{"k":"v"}})"));
  REQUIRE(admin.run_until([&a, &b] { return AdminFixture::whole(a->received) && AdminFixture::whole(b->received); }));
  const HttpAnswer now = admin.ask("GET", "/v1/machines/mach_1");
  CHECK(now.body["defaultPort"] == 4444);
  CHECK(now.body["metadata"]["k"] == "v");
}

TEST_CASE("many writes and changes at once are all answered, each once") {
  AdminFixture admin;
  const auto request = [](const std::string& method, const std::string& path, const std::string& body) {
    return method + " " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
  };
  admin.ask("POST", "/v1/machines", R"({"id":"m0"})");
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 1; i <= 20; ++i) {
    const std::string number = std::to_string(i);
    clients.push_back(admin.client());
    clients.back()->send(i % 4 == 0 ? request("PATCH", "/v1/machines/m0", R"({"metadata":{"n":)" + number + "}}")
                                    : request("POST", "/v1/machines", R"({"id":"m)" + number + "\"}"));
  }
  REQUIRE(admin.run_until([&clients] {
    return std::all_of(clients.begin(), clients.end(),
                       [](const auto& client) { return AdminFixture::whole(client->received); });
  }));
  for (const auto& client : clients) CHECK(client->received.starts_with("HTTP/1.1 20"));
  CHECK(admin.ask("GET", "/v1/machines").body["items"].size() == 16);
  CHECK(admin.ask("GET", "/v1/changes").body["items"].size() == 21);
}

TEST_CASE("tunnels are listed, and one that is not there cannot be closed") {
  AdminFixture admin;
  CHECK(admin.ask("GET", "/v1/tunnels").body["items"].empty());
  CHECK(admin.ask("GET", "/v1/tunnels/tn_1").status == 404);
  CHECK(admin.ask("DELETE", "/v1/tunnels/tn_1").status == 404);
}

TEST_CASE("why names the first thing that is wrong, as it is put right step by step") {
  AdminFixture admin;
  const auto problem_of = [&admin](const std::string& host) {
    const HttpAnswer answer = admin.ask("GET", "/v1/why?host=" + host);
    REQUIRE(answer.status == 200);
    return answer.body["problem"];
  };
  CHECK(problem_of("a..b")["step"] == "grammar");
  CHECK(problem_of("99999__misha.admin.test")["step"] == "grammar");
  CHECK(problem_of("misha.admin.test:8443")["advice"] == "make it: ingressctl project create misha");
  admin.ask("POST", "/v1/projects", R"({"slug":"misha"})");
  CHECK(problem_of("misha.admin.test")["step"] == "machine");
  admin.ask("POST", "/v1/machines", R"({"id":"mach_1"})");
  admin.ask("PUT", "/v1/projects/misha/machine", R"({"machine":"mach_1"})");
  const nlohmann::json tunnel = problem_of("misha.admin.test");
  CHECK(tunnel["step"] == "tunnel");
  CHECK(tunnel["advice"].get<std::string>().find("https://broker.admin.test:8443 --machine mach_1") !=
        std::string::npos);
  admin.ask("PATCH", "/v1/projects/misha", R"({"policy":{"auth":"deny"}})");
  CHECK(problem_of("misha.admin.test")["step"] == "policy");
  admin.ask("PATCH", "/v1/projects/misha", R"({"suspended":true})");
  CHECK(problem_of("misha.admin.test")["step"] == "route");
  CHECK(admin.ask("GET", "/v1/why").status == 400);
  CHECK(admin.ask("GET", "/v1/why?host=%ff").body["problem"]["step"] == "grammar");
}

TEST_CASE("requests that are pipelined are answered in order") {
  AdminFixture admin;
  const auto client = admin.client();
  client->send(
      "POST /v1/machines HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n{\"id\":\"m1\"}"
      "GET /v1/machines/m1 HTTP/1.1\r\nHost: h\r\n\r\nGET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  REQUIRE(admin.run_until([&client] { return client->ended; }));
  const size_t created = client->received.find("HTTP/1.1 201");
  const size_t shown = client->received.find("HTTP/1.1 200");
  const size_t missing = client->received.find("HTTP/1.1 404");
  CHECK(created < shown);
  CHECK(shown < missing);
  CHECK(missing != std::string::npos);
}

TEST_CASE("garbage is 400 with problem details and the connection is closed") {
  AdminFixture admin;
  for (const char* garbage : {"\x16\x03\x01\x02\x01\x01\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
                              "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n"}) {
    const auto client = admin.client();
    client->send(garbage);
    REQUIRE(admin.run_until([&client] { return client->ended; }));
    CHECK(client->received.starts_with("HTTP/1.1 400 "));
    CHECK(client->received.find("application/problem+json") != std::string::npos);
  }
}

TEST_CASE("a body that is announced or comes too large is 413 and the connection is closed") {
  AdminFixture admin;
  const auto announced = admin.client();
  announced->send("POST /v1/machines HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n");
  REQUIRE(admin.run_until([&announced] { return announced->ended; }));
  CHECK(announced->received.starts_with("HTTP/1.1 413 "));
  const auto chunked = admin.client();
  chunked->send("POST /v1/machines HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n" +
                std::string(0x200000, 'x') + "\r\n0\r\n\r\n");
  REQUIRE(admin.run_until([&chunked] { return chunked->ended; }));
  CHECK(chunked->received.starts_with("HTTP/1.1 413 "));
}

TEST_CASE("a request byte by byte, with a half-close behind it, is answered") {
  AdminFixture admin;
  const auto client = admin.client();
  REQUIRE(admin.run_until([&client] { return client->connected(); }));
  const std::string request = "POST /v1/machines HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n{\"id\":\"m1\"}";
  for (const char c : request) {
    client->send({&c, 1});
    admin.run_until([] { return true; });
  }
  client->finish();
  REQUIRE(admin.run_until([&client] { return client->ended; }));
  CHECK(client->received.starts_with("HTTP/1.1 201 "));
}

TEST_CASE("a server that goes away under its clients takes them along") {
  AdminFixture admin;
  const auto waiting = admin.client();
  waiting->send("POST /v1/machines HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n{\"id\"");
  const auto idle = admin.client();
  REQUIRE(admin.run_until([&waiting, &idle] { return waiting->connected() && idle->connected(); }));
  const auto asking = admin.client();
  asking->send(
      "GET /v1/machines HTTP/1.1\r\nHost: h\r\n\r\nGET /v1/why?host=misha.admin.test HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(admin.run_until([&asking] { return asking->connected(); }));
  admin.stop_server();
  CHECK(admin.run_until([&waiting, &idle] { return waiting->ended && idle->ended; }));
}

TEST_CASE("a draining server closes idle connections and is not ready") {
  AdminFixture admin;
  const auto idle = admin.client();
  REQUIRE(admin.run_until([&idle] { return idle->connected(); }));
  CHECK(admin.ask("GET", "/ready").status == 200);
  admin.server().drain([] {});
  CHECK(admin.run_until([&idle] { return idle->ended; }));
}

}  // namespace
}  // namespace ingress::broker
