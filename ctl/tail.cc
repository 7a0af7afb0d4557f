#include <memory>
#include <ostream>

#include "ctl/exchange_text.h"
#include "ctl/nouns.h"
#include "ctl/problem.h"

namespace ingress::ctl {
namespace {

struct TailFlags {
  std::string host;
  std::string status;
  std::string machine;
  std::string project;
  std::string method;
};

std::string path_of(const TailFlags& flags) {
  std::string path = "/v1/exchanges";
  const auto add = [&path](const char* name, const std::string& value) {
    if (value.empty()) return;
    path += (path.find('?') == std::string::npos ? "?" : "&") + std::string(name) + "=" + percent_encoded(value);
  };
  add("host", flags.host);
  add("status", flags.status);
  add("machine", flags.machine);
  add("project", flags.project);
  add("method", flags.method);
  return path;
}

bool show(Shell& shell, const Event& event) {
  const Json data = read_json(event.data);
  if (!data.is_object()) return true;
  if (shell.globals.json) {
    Json line{{"event", event.name}};
    line.update(data);
    return shell.print_json_line(line);
  }
  if (event.name != "lost") return shell.print_line(exchange_text(data, event.name == "open"));
  shell.err() << "ingressctl: " << cell_of(data, "lost") << " exchanges are not shown: they came too fast\n";
  return true;
}

Outcome<int> tail(Shell& shell, const TailFlags& flags) {
  const Interrupts interrupts;
  const Outcome<void> followed =
      shell.session.follow(path_of(flags), interrupts, [&shell](const Event& event) { return show(shell, event); });
  if (!followed) return tl::unexpected(followed.error());
  return cli::kExitGood;
}

}  // namespace

void add_tail(Command app, Shell& shell) {
  const auto flags = std::make_shared<TailFlags>();
  shell
      .command(app, "tail", "Exchanges as they end, live, until Ctrl-C",
               "ingressctl tail --host '*.misha.iterate.app' --status 5xx",
               [&shell, flags] { return tail(shell, *flags); })
      .option("--host", flags->host, "Only this host, or hosts under a name: *.NAME", "HOST")
      .option("--status", flags->status, "Only this status (404) or class (5xx)", "STATUS")
      .option("--machine", flags->machine, "Only what this machine gets", "MACHINE")
      .option("--project", flags->project, "Only what comes by this project's names", "PROJECT")
      .option("--method", flags->method, "Only this method", "METHOD");
}

}  // namespace ingress::ctl
