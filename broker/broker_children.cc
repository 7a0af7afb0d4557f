#include "broker/broker_children.h"

#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "broker/generations/generations.h"
#include "broker/ticket_key_source.h"
#include "common/base/log.h"
#include "common/cli/exit_codes.h"
#include "common/database/database_lock.h"
#include "common/supervise/supervisor.h"
#include "common/uv/inherited_sockets.h"
#include "common/uv/local_door.h"
#include "common/uv/socket_file.h"

namespace ingress::broker {
namespace {

class BrokerChildren final : public supervise::ChildKit {
 public:
  explicit BrokerChildren(const TicketKeySource& tickets) : tickets_(tickets) {}

  std::vector<uv::OwnedFd> equip(uv::ChildProgram& child, uint64_t number,
                                 const std::vector<uint64_t>& running) override;
  void on_ended(uint64_t number) override { doors_.erase(number); }

 private:
  // Where later children connect to a child.
  struct Doors {
    uv::OwnedFd opens;   // for who opens streams there
    uv::OwnedFd serves;  // for who serves streams of it
  };

  const TicketKeySource& tickets_;
  std::map<uint64_t, Doors> doors_;  // by the child's number
};

// Without doors a child does its work, but that it reaches no machine of the others.
std::vector<uv::OwnedFd> BrokerChildren::equip(uv::ChildProgram& child, uint64_t number,
                                               const std::vector<uint64_t>& running) {
  child.inherit(TicketKeySource::kVariable, {tickets_.fd()});
  std::vector<uv::OwnedFd> connections;
  Result<uv::OwnedFd> opens = uv::make_local_door();
  Result<uv::OwnedFd> serves = uv::make_local_door();
  if (!opens || !serves) {
    log_warn("children_not_linked", {{"error", describe(opens ? serves.error() : opens.error())}});
    return connections;
  }
  std::vector<int> fds = {opens->get(), serves->get()};
  for (const uint64_t other : running) {
    const auto found = doors_.find(other);
    if (found == doors_.end()) continue;
    Result<uv::OwnedFd> to_open = uv::connect_to_local_door(found->second.opens);
    Result<uv::OwnedFd> to_serve = uv::connect_to_local_door(found->second.serves);
    if (!to_open || !to_serve) continue;
    for (Result<uv::OwnedFd>* made : {&to_open, &to_serve}) {
      fds.push_back((*made)->get());
      connections.push_back(std::move(**made));
    }
  }
  child.inherit(Generations::kVariable, fds);
  doors_[number] = {std::move(*opens), std::move(*serves)};
  return connections;
}

// Binds the admin's Unix sockets, which the supervisor then takes. Their files go with this process; of those that it
// was started with (systemd's) they stay. False where one can't be bound.
bool bind_files(const std::vector<uv::Address>& addresses, std::vector<uv::SocketFile>& files) {
  for (const uv::Address& address : addresses) {
    if (address.unix_path.empty() || uv::is_inherited(address)) continue;
    if (const Status held = uv::hold_socket(address); !held) {
      log_error("listen_failed",
                {{"address", address.to_text()}, {"error", std::generic_category().message(held.error().sys_errno)}});
      return false;
    }
    files.emplace_back(address.unix_path);
  }
  return true;
}

}  // namespace

int supervise(const Config& config, const std::vector<std::string>& argv) {
  supervise::Plan plan;
  plan.argv = argv;
  for (const auto* addresses : {&config.http, &config.https, &config.admin}) {
    plan.addresses.insert(plan.addresses.end(), addresses->begin(), addresses->end());
  }
  uv::Loop loop;
  Result<std::unique_ptr<TicketKeySource>> tickets = TicketKeySource::make(loop);
  if (!tickets) {
    log_error("ticket_keys_failed", {{"error", describe(tickets.error())}});
    return cli::kExitFailed;
  }
  BrokerChildren children(**tickets);
  db::DatabaseLock::knock(config.db);  // one that lingers has the addresses
  std::vector<uv::SocketFile> files;
  if (!bind_files(config.admin, files)) return cli::kExitFailed;
  return supervise::Supervisor(loop, std::move(plan), children).run();
}

}  // namespace ingress::broker
