#include <utility>

#include "agent/agent_children.h"
#include "agent/app.h"
#include "agent/config.h"
#include "common/tls/library.h"
#include "common/uv/child_process.h"

int main(int argc, char** argv) {
  using namespace ingress;
#ifdef INGRESS_STATIC
  tls::ignore_system_configuration();
#endif
  agent::Settings settings;
  cli::Program program("ingress-agent", INGRESS_VERSION,
                       "Serves this machine's local ports through a tunnel to the broker.");
  program.command("run", "hold the tunnels and serve until a signal comes");
  program.command("validate", "check the whole configuration and touch nothing");
  program.example(
      "ingress-agent run --broker https://broker.iterate.app --machine mach_123 --token-file /etc/ingress/token");
  agent::declare(program, settings);
  const cli::Choice choice = program.run(argc, argv);
  if (choice.exit_code) return *choice.exit_code;
  auto config = agent::check(settings);
  if (!config) return program.refuse(config.error());
  if (choice.command == "validate") return program.print_valid();
  if (config->supervise) return agent::supervise(*config, {argv, argv + argc});
  uv::end_with_parent();
  agent::Identity identity = agent::identity_of_process();
  config->tunnel.instance = std::move(identity.instance);
  config->tunnel.supersedes = std::move(identity.supersedes);
  config->has_parent = identity.has_parent;
  return agent::run(*config);
}
