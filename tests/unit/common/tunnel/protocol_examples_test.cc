// The worked examples of docs/protocol.md are read out of the document and held against what the code writes.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "session_pair.h"

namespace ingress::tunnel {
namespace {

using test::Pair;
using test::Payload;
using test::Recorder;
using Hex = std::string;

// The document, found from where this source lies, the program lies (in a build folder of the tree) or the test runs.
std::filesystem::path document() {
  namespace fs = std::filesystem;
  std::error_code ignored;
  for (const fs::path& start : {fs::path(__FILE__), fs::read_symlink("/proc/self/exe", ignored), fs::current_path()}) {
    for (fs::path folder = start; folder.has_relative_path(); folder = folder.parent_path()) {
      if (fs::exists(folder / "docs/protocol.md")) return folder / "docs/protocol.md";
    }
  }
  return {};
}

// Blocks that begin with "```hex NAME": the pairs of hex digits in front of each line's comment.
std::map<std::string, Hex> examples_of_document() {
  std::ifstream file(document());
  REQUIRE(file.is_open());
  std::map<std::string, Hex> examples;
  std::string line, name;
  while (std::getline(file, line)) {
    if (line.rfind("```", 0) == 0) {
      name = line.rfind("```hex ", 0) == 0 ? line.substr(7) : "";
      continue;
    }
    if (name.empty()) continue;
    std::istringstream words(line.substr(0, line.find('#')));
    for (std::string word; words >> word;) examples[name] += word;
  }
  return examples;
}

Hex hex_of(Bytes bytes) {
  static const char kDigits[] = "0123456789abcdef";
  Hex hex;
  for (const uint8_t byte : bytes) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

Hex take(test::End& end) { return hex_of(std::exchange(end.sink.out, {})); }

// Plays one connection, and writes down each frame as it is sent.
struct Play {
  Play() {
    hello_and_welcome();
    exchange();
    exchange_by_http2();
    connection_by_tcp();
    the_end();
  }

  void note(const std::string& name, test::End& from, test::End& to) {
    const std::vector<uint8_t> bytes = from.sink.out;
    sent[name] = take(from);
    to.receive(bytes, pair.now);
  }

  void hello_and_welcome() {
    pb::Hello hello;
    hello.add_versions(1);
    hello.set_machine("mach_1");
    hello.set_token("secret");
    hello.set_agent_version("1.0");
    hello.set_instance("0123456789abcdef");
    (*hello.mutable_labels())["os"] = "linux";
    pair.agent.session.send_hello(hello);
    note("HELLO", pair.agent, pair.broker);
    pb::Welcome welcome;
    welcome.set_broker("b1");
    welcome.set_reconnect_spread_ms(500);
    pair.broker.session.send_welcome(welcome);
    note("WELCOME", pair.broker, pair.agent);
    pb::Config config;
    config.set_default_port(3000);
    config.add_domains("iterate.app");
    config.set_https_port(443);
    pb::Config::Project& project = *config.add_projects();
    project.set_slug("misha");
    project.set_default_port(3000);
    project.set_attached(true);
    project.add_services()->set_name("docs");
    project.mutable_services(0)->set_port(4000);
    config.set_public_by_default(true);
    config.add_other_ports(5432);
    pair.broker.session.send_config(config);
    note("CONFIG", pair.broker, pair.agent);
    pb::Event event;
    event.mutable_ports()->set_revision(1);
    event.mutable_ports()->add_ports()->set_number(3000);
    event.mutable_ports()->mutable_ports(0)->set_process("node");
    pair.agent.session.send_event(event);
    note("EVENT", pair.agent, pair.broker);
    refusal();
  }

  void refusal() {
    Pair refused;
    refused.agent.session.send_hello({});
    refused.pump();
    pb::Refused message;
    message.set_code(pb::Refused::BAD_TOKEN);
    message.set_message("bad token");
    message.set_permanent(true);
    refused.broker.session.send_refused(message);
    sent["REFUSED"] = take(refused.broker);
  }

  void exchange_by_http2() {
    Pair other;
    other.establish();
    OpenHead head;
    head.kind = StreamKind::kH2c;
    head.port = 50051;
    head.request.method = "GET";
    head.request.target = "/a";
    head.request.fields = {{"Host", "localhost:50051"}, {"TE", "trailers"}};
    Recorder stream;
    stream.stream = other.broker.session.open(head, true, &stream, other.now, other.why);
    sent["OPEN_H2C"] = take(other.broker);
  }

  void connection_by_tcp() {
    Pair other;
    other.establish();
    OpenHead head;
    head.kind = StreamKind::kTcp;
    head.port = 22;
    head.upgrade = true;
    head.request.method = "CONNECT";
    head.request.target = "mach_1:22";
    Recorder stream;
    stream.stream = other.broker.session.open(head, false, &stream, other.now, other.why);
    sent["OPEN_TCP"] = take(other.broker);
  }

  void exchange() {
    OpenHead head;
    head.port = 3000;
    head.request.method = "POST";
    head.request.target = "/api?x=1";
    head.request.fields = {{"Host", "localhost:3000"}, {"TE", "trailers"}};
    recorder.stream = pair.broker.session.open(head, false, &recorder, pair.now, pair.why);
    note("OPEN", pair.broker, pair.agent);
    Payload body("hello");
    recorder.stream->send_data(body.span(), true);
    note("DATA", pair.broker, pair.agent);
    Stream* served = pair.accepted(1).stream;
    http::ResponseHead answer = test::response(200);
    answer.fields = {{"Content-Type", "text/plain"}};
    served->send_head(answer, false);
    note("HEAD", pair.agent, pair.broker);
    recorder.consume = false;
    Payload data(std::string(16384, 'x'));
    served->send_data(data.span(), false);
    pair.deliver(pair.agent, pair.broker);
    recorder.stream->consumed(16384);
    note("WINDOW", pair.broker, pair.agent);
    served->send_trailers({{"X-Sum", "9"}});
    note("TRAILERS", pair.agent, pair.broker);
  }

  static Hex http2_reset_of_second_stream() {
    Pair other;
    other.establish();
    Recorder first, second;
    other.open(first);
    other.open(second);
    other.pump();
    other.accepted(2).abandon(http2_reset(8));
    return take(other.agent);
  }

  void the_end() {
    pair.broker.session.ping(pair.now);
    note("PING", pair.broker, pair.agent);
    note("PONG", pair.agent, pair.broker);
    Recorder cancelled;
    pair.open(cancelled);
    pair.pump();
    pair.accepted(2).abandon(ResetCode::kConnectFailed);
    note("RESET", pair.agent, pair.broker);
    sent["RESET_HTTP2"] = http2_reset_of_second_stream();
    pb::Goaway goaway;
    goaway.set_reason(pb::Goaway::MIGRATE);
    goaway.set_message("restarting");
    pair.broker.session.send_goaway(goaway);
    note("GOAWAY", pair.broker, pair.agent);
  }

  Recorder recorder;
  Pair pair;
  std::map<std::string, Hex> sent;
};

TEST_CASE("the examples of docs/protocol.md are what the code sends") {
  const std::map<std::string, Hex> documented = examples_of_document();
  const Play play;
  for (const auto& example : play.sent) {
    const std::string& name = example.first;
    CAPTURE(name);
    REQUIRE(documented.count(name) == 1);
    CHECK(documented.at(name) == example.second);
  }
  CHECK(documented.size() == play.sent.size());
  CHECK(play.pair.agent.recorder.log.back() == "goaway 2");
  CHECK(play.recorder.log ==
        std::vector<std::string>{"head 200 OK Content-Type=text/plain", "trailers X-Sum=9", "closed"});
}

}  // namespace
}  // namespace ingress::tunnel
