#include <chrono>
#include <thread>

#include "ctl/nouns.h"

namespace ingress::ctl {
namespace {

constexpr std::chrono::milliseconds kLookInterval{100};
constexpr std::chrono::seconds kPatience{20};

// Another process serves the API, or the supervisor has refused the program or its configuration.
Outcome<int> upgrade(Shell& shell) {
  const Outcome<Json> asked = shell.session.change("POST", "/v1/broker/upgrade");
  if (!asked) return tl::unexpected(asked.error());
  const Json before = asked->value("pid", Json());
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kLookInterval);
    const Outcome<Json> now = shell.session.get("/v1/broker");
    if (now && now->value("pid", Json()) != before) {
      return shell.show_done(now, "upgraded: process " + now->value("pid", Json()).dump() + ", version " +
                                      now->value("version", std::string()));
    }
  }
  return failed("not upgraded: the broker's log says why (upgrade_refused); what ran before runs on");
}

}  // namespace

void add_broker(Command app, Shell& shell) {
  Command broker = Shell::group(app, "broker", "The broker's process", "ingressctl broker upgrade");
  shell.command(broker, "show", "Its version and process", "ingressctl broker show",
                [&shell] { return shell.show_record(shell.session.get("/v1/broker")); });
  shell.command(
      broker, "upgrade",
      "Start the program file anew, and pass everything on to it: nothing is refused or cut; under --supervise",
      "ingressctl broker upgrade", [&shell] { return upgrade(shell); });
}

}  // namespace ingress::ctl
