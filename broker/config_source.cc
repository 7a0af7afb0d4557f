#include "broker/config_source.h"

#include <sstream>

namespace ingress::broker {

std::unique_ptr<cli::Program> make_program(Settings& settings) {
  auto program = std::make_unique<cli::Program>(
      "ingress-broker", INGRESS_VERSION,
      "Terminates public https, resolves hosts and forwards requests through the machines' tunnels.\n"
      "SIGHUP has it read its settings again: those that say \"live\", and the log's, change at once and cut nothing, "
      "the others with a restart or an upgrade; where one is bad nothing changes.");
  program->command("run", "serve until a signal comes");
  program->command("dev", "everything for one laptop, with settings of its own: see ingress-broker dev --help");
  program->command("validate", "check the whole configuration and touch nothing");
  program->example(
      "ingress-broker run --domain iterate.app --http 0.0.0.0:80 --https 0.0.0.0:443 --tls-dir /etc/ingress/tls "
      "--default-auth public --admin unix:/run/ingress/admin.sock");
  declare(*program, settings);
  return program;
}

tl::expected<Config, std::string> ConfigSource::read_again() const {
  Settings settings;
  const std::unique_ptr<cli::Program> program = make_program(settings);
  std::ostringstream said;
  program->set_output(said, said);
  const cli::Choice choice = program->read(argc_, argv_);
  if (choice.exit_code) {
    std::string sentence = said.str();
    while (sentence.ends_with('\n')) sentence.pop_back();
    return tl::unexpected(sentence);
  }
  tl::expected<Config, std::string> config = check(settings);
  if (!config) return tl::unexpected(program->with_place(config.error()));
  program->set_up_log();
  return config;
}

}  // namespace ingress::broker
