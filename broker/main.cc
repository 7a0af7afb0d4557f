#include "broker/app.h"
#include "broker/broker_children.h"
#include "broker/dev_program.h"

int main(int argc, char** argv) {
  using namespace ingress;
  if (broker::is_dev(argc, argv)) return broker::run_dev(argc, argv);
  broker::Settings settings;
  const auto program = broker::make_program(settings);
  const cli::Choice choice = program->run(argc, argv);
  if (choice.exit_code) return *choice.exit_code;
  const auto config = broker::check(settings);
  if (!config) return program->refuse(config.error());
  if (choice.command == "validate") {
    broker::hide_secrets(settings);
    return program->print_valid();
  }
  if (config->supervise) return broker::supervise(*config, {argv, argv + argc});
  return broker::run(*config, broker::ConfigSource(argc, argv));
}
