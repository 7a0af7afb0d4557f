// Where the broker's settings come from: the command line, the environment and the file of --config. Thread: main.
#pragma once

#include <memory>
#include <string>

#include "broker/config.h"

namespace ingress::broker {

// The program's commands and settings; `settings` are written by its run().
std::unique_ptr<cli::Program> make_program(Settings& settings);

class ConfigSource {
 public:
  // `argv` outlives it.
  ConfigSource(int argc, const char* const* argv) : argc_(argc), argv_(argv) {}

  // All of it, as it is now. A sentence where something is bad; where nothing is, the log has the format and the level
  // that are said.
  tl::expected<Config, std::string> read_again() const;

 private:
  int argc_;
  const char* const* argv_;
};

}  // namespace ingress::broker
