#include "common/cli/program.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/base/log.h"

using namespace ingress;
using namespace ingress::cli;

namespace {

// A file that lives as long as its test.
class ScratchFile {
 public:
  explicit ScratchFile(std::string_view text) {
    char name[] = "/tmp/ingress_cli_XXXXXX";
    const int fd = mkstemp(name);
    REQUIRE(fd >= 0);
    REQUIRE(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(fd);
    path_ = name;
  }
  ~ScratchFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    ::setenv(name, value, 1);  // NOLINT(concurrency-mt-unsafe): tests have one thread
  }
  ~Variable() { ::unsetenv(name_); }  // NOLINT(concurrency-mt-unsafe)

 private:
  const char* name_;
};

// A program with one setting of each kind.
struct Fixture {
  std::string broker = "https://default";
  std::vector<std::string> domains{"iterate.app"};
  int connections = 2;
  Duration park{10000};
  bool open = false;
  uint64_t body = 0;
  std::string mode = "redirect";
  Secret token;
  std::ostringstream out, err;
  Program program{"ingress-test", "9.8.7", "A program for tests."};

  Fixture() {
    program.set_output(out, err);
    program.command("run", "run it");
    program.command("validate", "check it");
    program.example("ingress-test run --broker https://b");
    program.option("broker", broker, "URL");
    program.option("domain", domains, "domains");
    program.option("connections", connections, "tunnels", 1, 16);
    program.option("park", park, "how long");
    program.option("open", open, "serve all");
    program.size("max-body", body, "bytes");
    program.choice("http-mode", mode, {"redirect", "serve"}, "mode");
    program.secret("token", token, "file with the token");
  }

  Choice run(std::vector<const char*> args) {
    args.insert(args.begin(), "ingress-test");
    return program.run(static_cast<int>(args.size()), args.data());
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "without a word anywhere every setting keeps its default") {
  const Choice choice = run({"run"});
  REQUIRE_FALSE(choice.exit_code);
  CHECK(choice.command == "run");
  CHECK(broker == "https://default");
  CHECK(domains == std::vector<std::string>{"iterate.app"});
  CHECK_FALSE(program.given("broker"));
}

TEST_CASE_FIXTURE(Fixture, "flags of every kind are read before and after the command") {
  const Choice choice = run({"--broker", "https://x", "run", "--domain", "a", "--domain=b", "--connections", "3",
                             "--park", "1m", "--open", "--max-body", "2m", "--http-mode", "serve"});
  REQUIRE_FALSE(choice.exit_code);
  CHECK(broker == "https://x");
  CHECK(domains == std::vector<std::string>{"a", "b"});
  CHECK(connections == 3);
  CHECK(park == Duration{60000});
  CHECK(open);
  CHECK(body == 2097152);
  CHECK(mode == "serve");
  CHECK(program.given("broker"));
}

TEST_CASE_FIXTURE(Fixture, "a flag wins over the environment, the environment over the file") {
  const ScratchFile file(
      "broker = \"https://file\"\npark = \"1s\"\nconnections = 4 # four\nopen = true\n"
      "domain = [\n  \"x\", # one\n  \"y\"\n]\n");
  const Variable config("INGRESS_CONFIG", file.path().c_str());
  const Variable broker_variable("INGRESS_BROKER", "https://environment");
  const Variable park_variable("INGRESS_PARK", "2s");
  REQUIRE_FALSE(run({"run", "--broker", "https://flag"}).exit_code);
  CHECK(broker == "https://flag");
  CHECK(park == Duration{2000});
  CHECK(connections == 4);
  CHECK(open);
  CHECK(domains == std::vector<std::string>{"x", "y"});
}

TEST_CASE_FIXTURE(Fixture, "a repeated setting is split at commas in the environment, and an empty variable is none") {
  const Variable domains_variable("INGRESS_DOMAIN", "a, b,c");
  const Variable broker_variable("INGRESS_BROKER", "");
  REQUIRE_FALSE(run({"run"}).exit_code);
  CHECK(domains == std::vector<std::string>{"a", "b", "c"});
  CHECK(broker == "https://default");
}

TEST_CASE_FIXTURE(Fixture, "of a flag that is given twice the last one counts") {
  REQUIRE_FALSE(run({"run", "--broker", "a", "--open", "--broker=b", "--open=false"}).exit_code);
  CHECK(broker == "b");
  CHECK_FALSE(open);
}

TEST_CASE_FIXTURE(Fixture, "a flag's value may hold a comma and a hash") {
  REQUIRE_FALSE(run({"run", "--domain", "a,b#c"}).exit_code);
  CHECK(domains == std::vector<std::string>{"a,b#c"});
}

TEST_CASE_FIXTURE(Fixture, "a typo in a flag suggests the nearest and is a usage error") {
  CHECK(run({"run", "--brokr", "https://x"}).exit_code == kExitUsage);
  CHECK(err.str().find("unknown flag --brokr; did you mean --broker?") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a secret by argv is refused and its file suggested") {
  CHECK(run({"run", "--token=abc"}).exit_code == kExitUsage);
  CHECK(err.str().find("did you mean --token-file?") != std::string::npos);
  CHECK(err.str().find("abc") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a typo in the command suggests the nearest and is a usage error") {
  CHECK(run({"validte", "--broker", "https://x"}).exit_code == kExitUsage);
  CHECK(err.str().find("unknown command 'validte'; did you mean 'validate'?") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "no command, two commands, a stray word and a missing value are usage errors") {
  SUBCASE("none") { CHECK(run({}).exit_code == kExitUsage); }
  SUBCASE("two") { CHECK(run({"run", "validate"}).exit_code == kExitUsage); }
  SUBCASE("stray") { CHECK(run({"run", "stray"}).exit_code == kExitUsage); }
  SUBCASE("missing") { CHECK(run({"run", "--broker"}).exit_code == kExitUsage); }
}

TEST_CASE_FIXTURE(Fixture, "a bad value is refused with its place, whatever it came by") {
  SUBCASE("flag") {
    CHECK(run({"run", "--park", "10"}).exit_code == kExitBadConfig);
    CHECK(err.str().find("--park: '10' is not a duration") != std::string::npos);
  }
  SUBCASE("environment") {
    const Variable variable("INGRESS_CONNECTIONS", "99");
    CHECK(run({"validate"}).exit_code == kExitBadConfig);
    CHECK(err.str().find("INGRESS_CONNECTIONS: 99 is not between 1 and 16") != std::string::npos);
  }
  SUBCASE("file") {
    const ScratchFile file("http-mode = \"sing\"\n");
    CHECK(run({"run", "--config", file.path().c_str()}).exit_code == kExitBadConfig);
    CHECK(err.str().find("http-mode in /tmp/") != std::string::npos);
    CHECK(err.str().find("redirect, serve") != std::string::npos);
  }
}

TEST_CASE_FIXTURE(Fixture, "a file with an unknown key, a table, an array for one value, or no TOML is refused") {
  std::string text;
  SUBCASE("unknown") { text = "brokr = \"x\"\n"; }
  SUBCASE("table") { text = "[run]\nbroker = \"x\"\n"; }
  SUBCASE("array") { text = "broker = [\"x\", \"y\"]\n"; }
  SUBCASE("fraction") { text = "connections = 1.5\n"; }
  SUBCASE("no TOML") { text = "broker https://x\n"; }
  SUBCASE("a secret") { text = "token = \"abc\"\n"; }
  SUBCASE("another file") { text = "config = \"x\"\n"; }
  const ScratchFile file(text);
  CHECK(run({"run", "--config", file.path().c_str()}).exit_code == kExitBadConfig);
  CHECK(err.str().find(file.path()) != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "what is wrong with a file is told with its line and its key") {
  std::string text;
  std::string place;
  SUBCASE("unknown") {
    text = "# one\nbrokr = \"x\"\n";
    place = "unknown key brokr in FILE, line 2; did you mean broker?";
  }
  SUBCASE("table") {
    text = "park = \"1s\"\n\n[run]\nbroker = \"x\"\n";
    place = "[run] in FILE, line 3: plain keys";
  }
  SUBCASE("array") {
    text = "# one\nbroker = [\"x\", \"y\"]\n";
    place = "broker in FILE, line 2: one value";
  }
  SUBCASE("type") {
    text = "# one\nconnections = 1.5\n";
    place = "connections in FILE, line 2: not a string";
  }
  SUBCASE("value") {
    text = "# one\npark = \"soon\"\n";
    place = "park in FILE, line 2: 'soon' is not a duration";
  }
  SUBCASE("syntax") {
    text = "# one\nbroker = x\n";
    place = "broker in FILE, line 2 is not TOML: ";
  }
  SUBCASE("no key") {
    text = "# one\nbroker x\n";
    place = "test: FILE, line 2 is not TOML: ";
  }
  SUBCASE("twice") {
    text = "open = true\nopen = true\n";
    place = "open in FILE, line 2 is not TOML: ";
  }
  SUBCASE("another file") {
    text = "# one\nconfig = \"x\"\n";
    place = "config in FILE, line 2: ";
  }
  const ScratchFile file(text);
  CHECK(run({"run", "--config", file.path().c_str()}).exit_code == kExitBadConfig);
  const size_t name = place.find("FILE");
  CHECK(err.str().find(place.replace(name, 4, file.path())) != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a sentence that begins with a setting is told with the place that said it") {
  const ScratchFile file("# one\nbroker = \"x\"\n");
  const Variable variable("INGRESS_PARK", "1s");
  REQUIRE_FALSE(run({"run", "--config", file.path().c_str(), "--connections", "3"}).exit_code);
  CHECK(program.with_place("--broker x: bad") == "--broker x: bad (broker in " + file.path() + ", line 2)");
  CHECK(program.with_place("--park: bad") == "--park: bad (INGRESS_PARK)");
  for (const char* text : {"--connections: bad", "--domain must be said", "--nobody: bad", "--", "the disk is full"}) {
    CHECK(program.with_place(text) == text);
  }
}

TEST_CASE_FIXTURE(Fixture, "a file that is not there is bad configuration") {
  CHECK(run({"run", "--config", "/nonexistent/x.toml"}).exit_code == kExitBadConfig);
}

TEST_CASE_FIXTURE(Fixture, "help holds the example and version the version") {
  CHECK(run({"run", "--help"}).exit_code == kExitGood);
  CHECK(out.str().find("ingress-test run --broker https://b") != std::string::npos);
  CHECK(out.str().find("--max-body") != std::string::npos);
  Fixture other;
  CHECK(other.run({"--version"}).exit_code == kExitGood);
  CHECK(other.out.str() == "ingress-test 9.8.7\n");
}

TEST_CASE_FIXTURE(Fixture, "what is valid is printed with where it came from, secrets left out") {
  const Variable variable("INGRESS_TOKEN", "s3cret");
  const Choice choice = run({"validate", "--park", "90s"});
  REQUIRE(choice.command == "validate");
  CHECK(program.print_valid() == kExitGood);
  CHECK(out.str().find("park = 90s  (flag)") != std::string::npos);
  CHECK(out.str().find("s3cret") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a secret is read anew from its file and loses what is blank around it") {
  const ScratchFile file("first\n");
  REQUIRE_FALSE(run({"run", "--token-file", file.path().c_str()}).exit_code);
  CHECK(token.read().value() == "first");
  for (const char* text : {"second\n\n", "second \t\r\n", "\r\n\n second"}) {
    CAPTURE(text);
    std::ofstream(file.path()) << text;
    CHECK(token.read().value() == "second");
  }
  std::ofstream(file.path()) << "two words\n";
  CHECK(token.read().value() == "two words");
  for (const char* text : {"", "\n", " \r\n\n"}) {
    CAPTURE(text);
    std::ofstream(file.path()) << text;
    CHECK_FALSE(token.read().has_value());
  }
}

TEST_CASE_FIXTURE(Fixture, "a secret's variable loses what is blank around it, and is none where that is all") {
  SUBCASE("text") {
    const Variable variable("INGRESS_TOKEN", " by variable\n");
    REQUIRE_FALSE(run({"run"}).exit_code);
    CHECK(token.read().value() == "by variable");
  }
  SUBCASE("blanks") {
    const Variable variable("INGRESS_TOKEN", " \n");
    REQUIRE_FALSE(run({"run"}).exit_code);
    CHECK_FALSE(token.read().has_value());
  }
}

TEST_CASE_FIXTURE(Fixture, "a secret's variable loses to a file by flag and wins over one by the TOML file") {
  const ScratchFile secret("by-file\n");
  const Variable variable("INGRESS_TOKEN", "by-variable");
  SUBCASE("flag") {
    REQUIRE_FALSE(run({"run", "--token-file", secret.path().c_str()}).exit_code);
    CHECK(token.read().value() == "by-file");
  }
  SUBCASE("TOML") {
    const ScratchFile file("token-file = \"" + secret.path() + "\"\n");
    REQUIRE_FALSE(run({"run", "--config", file.path().c_str()}).exit_code);
    CHECK(token.read().value() == "by-variable");
  }
}

TEST_CASE_FIXTURE(Fixture, "help and version that cannot be written are a failure") {
  for (const char* flag : {"--help", "--version"}) {
    CAPTURE(flag);
    Program written("x", "1", "Does x.");
    out.clear(std::ios::badbit);
    err.str("");
    written.set_output(out, err);
    const char* const argv[] = {"x", flag};
    CHECK(written.read(2, argv).exit_code == kExitFailed);
    CHECK(err.str() == "x: cannot write the result\n");
  }
}

TEST_CASE("reading alone leaves the log as it is") {
  log_setup(LogFormat::kText, LogLevel::kInfo);
  Program program("x", "1", "Does x.");
  program.command("run", "runs");
  const char* const argv[] = {"x", "run", "--log-level", "error"};
  CHECK_FALSE(program.read(4, argv).exit_code);
  CHECK(log_enabled(LogLevel::kInfo));
  program.set_up_log();
  CHECK_FALSE(log_enabled(LogLevel::kInfo));
  log_setup(LogFormat::kText, LogLevel::kInfo);
}
