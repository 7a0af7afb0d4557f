// The command line of a program: its commands and its settings, each declared once. Every setting is a flag (--NAME),
// an environment variable (INGRESS_ + NAME in upper case, `-` as `_`) and a key of the TOML file that --config names,
// in that order of strength. Built on CLI11, which stays behind this header.
//
//   cli::Program program("ingress-agent", "0.1.0", "Serves local ports through a tunnel.");
//   program.command("run", "serve until a signal comes");
//   program.command("validate", "check the whole configuration and touch nothing");
//   program.option("broker", config.broker, "URL of the broker");
//   const cli::Choice choice = program.run(argc, argv);
//   if (choice.exit_code) return *choice.exit_code;
//   if (auto bad = check(config)) return program.refuse(*bad);              // 78
//   if (choice.command == "validate") return program.print_valid();         // 0
//
// References to settings are written by run() and must live until then. What they hold before is the default.
// --help, --version, --config, --log-format and --log-level are every program's; run() sets the log up.
#pragma once

#include <climits>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/cli/exit_codes.h"
#include "common/cli/secret.h"
#include "common/cli/values.h"

namespace ingress::cli {

// What the command line asks for: a command to be carried out, or the code to exit with (everything was printed).
struct Choice {
  std::string command;
  std::optional<int> exit_code;
};

class Program {
 public:
  Program(std::string name, std::string version, std::string description);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void command(const std::string& name, const std::string& help);
  // Only warnings and worse are logged where --log-level says nothing.
  void quiet_by_default();
  // Text at the end of --help; one whole command line at least.
  void example(const std::string& text);

  // Of a flag that is given twice the last one counts.
  void option(const std::string& name, std::string& value, const std::string& help);
  // May be repeated: --domain a --domain b, INGRESS_DOMAIN=a,b, domain = ["a", "b"]. Values given replace the default.
  void option(const std::string& name, std::vector<std::string>& values, const std::string& help);
  void option(const std::string& name, int& value, const std::string& help, int least = INT_MIN, int most = INT_MAX);
  void option(const std::string& name, Duration& value, const std::string& help);
  // --NAME alone sets it; --NAME=false clears it.
  void option(const std::string& name, bool& value, const std::string& help);
  // Bytes, as parse_size reads them.
  void size(const std::string& name, uint64_t& bytes, const std::string& help);
  // One of `words`.
  void choice(const std::string& name, std::string& value, std::vector<std::string> words, const std::string& help);
  // --NAME-file, or the value in the variable INGRESS_NAME; never the value by flag or by the TOML file.
  void secret(const std::string& name, Secret& secret, const std::string& help);

  // Reads argv, the environment and the file. Usage errors (unknown command or flag, missing value) are exit 2 with the
  // nearest good word; bad values, unknown keys and an unreadable file are exit 78.
  Choice run(int argc, const char* const* argv);
  // The same, but that it leaves the log as it is: set_up_log() is the rest.
  Choice read(int argc, const char* const* argv);
  void set_up_log() const;
  // Warns of each list of the file that a variable takes the place of: nothing of the file's is added to it.
  void tell_replaced() const;

  // Whether the setting was said anywhere (not left at its default).
  bool given(std::string_view name) const;
  // Whether what holds was said by its variable.
  bool by_environment(std::string_view name) const;
  // Where a sentence begins with a setting (--NAME) that a variable or the file said, that place behind it.
  std::string with_place(std::string_view sentence) const;
  // Prints "NAME: sentence", with its place, and returns kExitBadConfig.
  int refuse(std::string_view sentence) const;
  // Prints every setting with its value and where that came from; returns kExitGood, written or not: a supervisor asks
  // by it.
  int print_valid() const;
  // Where answers and complaints go, instead of stdout and stderr.
  void set_output(std::ostream& out, std::ostream& err);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingress::cli
