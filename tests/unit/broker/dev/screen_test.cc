#include "broker/dev/screen.h"

#include <doctest/doctest.h>

#include "tests/unit/broker/dev/held_output.h"

using namespace ingress::broker::dev;
using namespace ingress::test;

namespace {

LandingEntry entry(int port, bool listening, std::string name = "") {
  return {std::move(name), port, listening ? "node" : "", listening,
          "https://" + std::to_string(port) + "__dev.localhost/"};
}

}  // namespace

TEST_CASE("the screen names each port with its URL and what listens there") {
  ScreenFacts facts;
  facts.any_port_url = "https://N__dev.localhost/";
  facts.bundle_path = "/state/ca.crt";
  facts.trust_command = "/opt/ingressctl cert trust";
  const std::string text = draw(facts, {entry(3000, false), entry(8765, true, "backend")});
  CHECK(text.find("https://3000__dev.localhost/  port 3000 (nothing listens yet)") != std::string::npos);
  CHECK(text.find("https://8765__dev.localhost/  backend, port 8765 (node)") != std::string::npos);
  CHECK(text.find("Browsers warn until the local CA is trusted:  /opt/ingressctl cert trust\n") != std::string::npos);
  CHECK(text.find("curl --cacert /state/ca.crt https://3000__dev.localhost/") != std::string::npos);
}

TEST_CASE("nothing is said of a CA that the system and the browsers trust") {
  ScreenFacts facts;
  facts.trust = {true, true};
  facts.trust_command = "ingressctl cert trust";
  facts.system_trust_command = "sudo ingressctl cert trust";
  const std::string text = draw(facts, {entry(3000, false)});
  CHECK(text.find("cert trust") == std::string::npos);
  CHECK(text.find("--cacert") == std::string::npos);
}

TEST_CASE("where the browsers alone trust a CA the screen says what the others need, and the other way round") {
  ScreenFacts facts;
  facts.trust_command = "ingressctl cert trust";
  facts.system_trust_command = "sudo ingressctl cert trust --ca-dir /state/ca";
  facts.trust = {false, true};
  const std::string of_browsers = draw(facts, {entry(3000, false)});
  CHECK(of_browsers.find("Browsers warn") == std::string::npos);
  CHECK(of_browsers.find("For curl and other programs:  sudo ingressctl cert trust --ca-dir /state/ca\n") !=
        std::string::npos);
  facts.trust = {true, false};
  const std::string of_system = draw(facts, {entry(3000, false)});
  CHECK(of_system.find("Browsers warn until the local CA is trusted:  ingressctl cert trust\n") != std::string::npos);
  CHECK(of_system.find("--cacert") == std::string::npos);
}

TEST_CASE("the dashboard's link logs in where it is known, else the screen says where the token is") {
  ScreenFacts facts;
  CHECK(draw(facts, {entry(3000, false)}).find("Dashboard") == std::string::npos);
  facts.dashboard = "http://127.0.0.1:8481/";
  facts.token_path = "/state/admin.token";
  CHECK(
      draw(facts, {entry(3000, false)}).find("Dashboard:  http://127.0.0.1:8481/  (its token: /state/admin.token)\n") !=
      std::string::npos);
  facts.dashboard_login = "http://127.0.0.1:8481/#token=abc";
  CHECK(draw(facts, {entry(3000, false)}).find("Dashboard:  http://127.0.0.1:8481/#token=abc\n") != std::string::npos);
}

TEST_CASE("what changed is a line each") {
  const std::vector<LandingEntry> before = {entry(3000, false), entry(4096, true)};
  CHECK(draw_changes(before, before).empty());
  CHECK(draw_changes(before, {entry(3000, true), entry(4096, true)}) ==
        "+ https://3000__dev.localhost/  port 3000 (node)\n");
  CHECK(draw_changes(before, {entry(3000, false)}) == "- https://4096__dev.localhost/  port 4096\n");
}

TEST_CASE("a screen that could not be drawn is drawn at the next look") {
  const Pipe pipe;
  Screen screen({}, pipe.writer.get());
  pipe.fill();
  screen.show({entry(3000, false)}, {});
  CHECK(pipe.read_all().find("https://") == std::string::npos);
  screen.show({entry(3000, false)}, {});
  CHECK(pipe.read_all().find("https://3000__dev.localhost/") != std::string::npos);
  screen.show({entry(3000, false)}, {});
  CHECK(pipe.read_all().empty());
}

TEST_CASE("who trusts the CA meanwhile is on the screen once it can be drawn") {
  const Terminal terminal;
  Screen screen({}, terminal.writer.get());
  screen.show({entry(3000, false)}, {});
  CHECK(terminal.read_all().find("Browsers warn") != std::string::npos);
  terminal.hold();
  screen.show({entry(3000, false)}, {true, true});
  terminal.let_go();
  CHECK(terminal.read_all().empty());
  screen.show({entry(3000, false)}, {true, true});
  const std::string drawn = terminal.read_all();
  CHECK(drawn.find("Ctrl-C ends it.") != std::string::npos);
  CHECK(drawn.find("Browsers warn") == std::string::npos);
}

TEST_CASE("a redraw clears what is in sight, and not what the shell has scrolled out of it") {
  const Terminal terminal;
  Screen screen({}, terminal.writer.get());
  screen.show({entry(3000, false)}, {});
  const std::string drawn = terminal.read_all();
  CHECK(drawn.find("\x1b[2J") != std::string::npos);
  CHECK(drawn.find("\x1b[3J") == std::string::npos);
}
