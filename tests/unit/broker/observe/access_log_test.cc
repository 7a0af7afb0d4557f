#include "broker/observe/access_log.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

using namespace ingress;
using namespace ingress::broker;

namespace {

constexpr std::string_view kTime = "2026-11-29T05:00:00.123Z";

struct Logged {
  Logged() {
    REQUIRE(mkdtemp(folder) != nullptr);
    auto opened = AccessLogFile::open(path());
    REQUIRE(opened.has_value());
    file = std::move(*opened);
    log = std::make_unique<AccessLog>(loop, *file);
  }
  ~Logged() { std::filesystem::remove_all(folder); }

  std::string path() const { return std::string(folder) + "/access.log"; }
  std::string text() {
    log->flush();
    std::ifstream stream(path());
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  char folder[32] = "/tmp/ingress-log-XXXXXX";
  uv::Loop loop;
  std::unique_ptr<AccessLogFile> file;
  std::unique_ptr<AccessLog> log;
};

}  // namespace

TEST_CASE("an exchange is one line of JSON that holds what was told") {
  Logged logged;
  ExchangeRecord entry;
  entry.client_ip = "192.0.2.7";
  entry.host = "4096__misha.iterate.app";
  entry.method = "GET";
  entry.target = "/a?b=c";
  entry.machine = "mach_1";
  entry.port = 4096;
  entry.status = 200;
  entry.bytes_out = 12345678901234;
  entry.times.total = Micros(17'005);
  logged.log->write(entry, kTime);
  entry.error = ErrorCode::kProxyError;
  logged.log->write(entry, kTime);
  const std::string text = logged.text();
  REQUIRE(std::count(text.begin(), text.end(), '\n') == 2);
  const auto line = nlohmann::json::parse(text.substr(0, text.find('\n')));
  CHECK(line["client"] == "192.0.2.7");
  CHECK(line["host"] == "4096__misha.iterate.app");
  CHECK(line["target"] == "/a?b=c");
  CHECK(line["bytes"] == 12345678901234);
  CHECK(line["ms"] == 17.005);
  CHECK(line["port"] == 4096);
  CHECK(line["route_class"] == "none");
  for (const char* absent : {"error", "policy_ms", "tunnel_ms", "first_byte_ms", "project", "route", "trace_id"}) {
    CHECK_FALSE(line.contains(absent));
  }
  CHECK(line["time"] == kTime);
  CHECK(nlohmann::json::parse(text.substr(text.find('\n') + 1))["error"] == "proxy_error");
}

TEST_CASE("a line that a full disk cut spoils no other line, and what was lost is counted") {
  Logged logged;
  const std::string line(100, 'a');
  logged.file->write(line + "\n");
  const auto before = ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
  rlimit full = limit;
  full.rlim_cur = 150;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &full) == 0);
  logged.file->write(line + "\n" + line + "\n");
  logged.file->write(line + "\n");
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  ::signal(SIGXFSZ, before);
  logged.file->write("whole\n");
  logged.file->write("next\n");
  CHECK(logged.text() == line + "\n" + line.substr(0, 49) + "\nwhole\nnext\n");
  CHECK(logged.file->lost_lines() == 3);
}

TEST_CASE("hops, ids and the way are told where there is something to tell") {
  Logged logged;
  ExchangeRecord entry;
  entry.protocol = "h2";
  entry.project = "misha";
  entry.route = "rt_1";
  entry.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  entry.request_id = "r\"1";
  entry.route_class = RouteClass::kRoute;
  entry.bytes_in = 7;
  entry.times = {Micros(40), Micros(1'000), Micros(20'300), Micros(2'000'000)};
  logged.log->write(entry, kTime);
  const auto line = nlohmann::json::parse(logged.text());
  CHECK(line["protocol"] == "h2");
  CHECK(line["project"] == "misha");
  CHECK(line["route"] == "rt_1");
  CHECK(line["route_class"] == "route");
  CHECK(line["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(line["request_id"] == "r\"1");
  CHECK(line["bytes_in"] == 7);
  CHECK(line["policy_ms"] == 0.04);
  CHECK(line["tunnel_ms"] == 1.0);
  CHECK(line["first_byte_ms"] == 20.3);
  CHECK(line["ms"] == 2000.0);
}

TEST_CASE("a share link's secret is not told, wherever it stands") {
  Logged logged;
  const auto target_of = [&logged](std::string_view target) {
    ExchangeRecord entry;
    entry.target = target;
    logged.log->write(entry, kTime);
    const std::string text = logged.text();
    const size_t last = text.rfind('\n', text.size() - 2);
    return nlohmann::json::parse(text.substr(last == std::string::npos ? 0 : last + 1))["target"].get<std::string>();
  };
  CHECK(target_of("/a?__share=sh_1.SECRET") == "/a?__share=sh_1.hidden");
  CHECK(target_of("/a?x=1&__share=sh_1.SEC.RET&y=2.3") == "/a?x=1&__share=sh_1.hidden&y=2.3");
  CHECK(target_of("/?__share=SECRET&__share=sh_2.SECRET#f") == "/?__share=hidden&__share=sh_2.hidden#f");
  CHECK(target_of("/?__share=") == "/?__share=hidden");
  CHECK(target_of("/?share=a.b&_share=a.b") == "/?share=a.b&_share=a.b");
}

TEST_CASE("every byte of a text can be read back, wherever it lies, and the line stays ASCII") {
  Logged logged;
  std::string expected;
  for (size_t size : {1, 7, 8, 9, 17}) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string target(size, 'a');
      target[byte % size] = static_cast<char>(byte);
      ExchangeRecord entry;
      entry.target = target;
      logged.log->write(entry, kTime);
      expected += target;
    }
  }
  std::string read;
  std::ifstream file((logged.log->flush(), logged.path()));
  for (std::string line; std::getline(file, line);) {
    for (const char c : line) REQUIRE((c >= 0x20 && c < 0x7f));
    // A byte above 0x7f is told as the character of its number.
    const std::string target = nlohmann::json::parse(line)["target"];
    for (size_t i = 0; i < target.size(); ++i) {
      const auto c = static_cast<uint8_t>(target[i]);
      read += c < 0x80 ? target[i] : static_cast<char>((c & 3) << 6 | (static_cast<uint8_t>(target[++i]) & 0x3f));
    }
  }
  CHECK((read == expected));
}

TEST_CASE("a line longer than a block is written whole") {
  Logged logged;
  const std::string target(200'000, '"');
  ExchangeRecord entry;
  entry.target = target;
  logged.log->write(entry, kTime);
  const auto line = nlohmann::json::parse(logged.text());
  CHECK((line["target"] == target));
}
