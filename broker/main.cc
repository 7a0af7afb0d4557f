#include "broker/app.h"
#include "broker/config.h"
#include "broker/supervisor.h"

int main(int argc, char** argv) {
  using namespace ingress;
  broker::Settings settings;
  cli::Program program("ingress-broker", INGRESS_VERSION,
                       "Terminates public https, resolves hosts and forwards requests through the machines' tunnels.");
  program.command("run", "serve until a signal comes");
  program.command("validate", "check the whole configuration and touch nothing");
  program.example(
      "ingress-broker run --domain iterate.app --http 0.0.0.0:80 --https 0.0.0.0:443 --tls-dir /etc/ingress/tls "
      "--default-auth public --admin unix:/run/ingress/admin.sock");
  broker::declare(program, settings);
  const cli::Choice choice = program.run(argc, argv);
  if (choice.exit_code) return *choice.exit_code;
  const auto config = broker::check(settings);
  if (!config) return program.refuse(config.error());
  if (choice.command == "validate") return program.print_valid();
  if (config->supervise) return broker::supervise(*config, {argv, argv + argc});
  return broker::run(*config);
}
