#include "agent/self_view.h"

#include <ctime>
#include <system_error>
#include <utility>

namespace ingress::agent {

void SelfView::on_tunnels() {
  const bool up = parts_.tunnels.serving() > 0;
  if (!up) {
    since_ = 0;
  } else if (since_ == 0) {
    since_ = std::time(nullptr);
  }
}

void SelfView::on_trouble(const char* code, std::string sentence) {
  errors_.add(std::time(nullptr), code, std::move(sentence));
}

void SelfView::on_exchange_failed(int port, const Error& error) {
  std::string sentence = "port " + std::to_string(port) + ": " + error.context;
  if (error.sys_errno != 0 && error.code != ErrorCode::kHttp2Reset) {
    sentence += " (" + std::generic_category().message(error.sys_errno) + ")";
  }
  errors_.add(std::time(nullptr), std::string(name_of(error.code)), std::move(sentence));
}

std::string SelfView::show(bool json) {
  parts_.ports.look();
  const SelfReport made = report();
  return json ? json_of(made) : text_of(made);
}

SelfReport SelfView::report() {
  SelfReport made;
  made.machine = parts_.config.machine;
  made.agent_version = parts_.config.agent_version;
  made.broker = parts_.config.broker.authority();
  made.since = since_;
  made.told = parts_.machine.has_value();
  for (TunnelState& state : parts_.tunnels.shown()) {
    if (state.up) made.broker_id = std::move(state.broker_id);
    made.connections.push_back(
        {state.slot, state.up, std::move(state.address), state.since, static_cast<int64_t>(state.round_trip.count())});
  }
  const ListeningPorts& listening = parts_.ports.now_listening();
  made.more_ports = listening.more;
  for (const ListeningPort& port : listening.ports) {
    SelfReport::Port& shown = made.ports.emplace_back();
    shown.number = port.number;
    shown.process = port.process;
    if (!parts_.machine) continue;
    shown.is_public = parts_.machine->is_public(port.number);
    shown.urls = parts_.machine->urls_of(port.number, made.machine);
  }
  made.errors.assign(errors_.errors().begin(), errors_.errors().end());
  return made;
}

}  // namespace ingress::agent
