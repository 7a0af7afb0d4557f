// What the handlers of every noun stand on: the broker's parts, changes, reads, and URLs.
//
// Changes run one behind the other on the store's thread, each a transaction that sees what was before it: one that
// reads first (PATCH, If-Match) loses nothing in between. Those that come together are written to the disk together.
// Nothing is called back once the Api is gone, whatever the store still has under way.
// Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/admin/admin_server.h"
#include "broker/admin/answer.h"
#include "broker/admin/json_object.h"
#include "broker/admin/operation.h"
#include "broker/admin/router.h"

namespace ingress::broker::admin {

class Api {
 public:
  explicit Api(const AdminParts& parts);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  const AdminParts& parts() const { return parts_; }
  // As it is now: not to be kept.
  const RouteIndex& index() const { return parts_.routes->read(); }

  // Serves what `planner` plans, alone and in batches.
  void add_change(Router& router, std::string_view method, std::string_view path_template, Planner planner,
                  Takes takes = Takes::kNothing);
  // Runs it in a transaction, and answers when that is durable and visible.
  void perform(const RequestPtr& request, const Reply& reply, Operation operation);

  // Asks the tables on the store's thread (`look` touches what it owns and the tables alone), then answers on the loop
  // by what it found.
  template <class Found>
  void read(const Reply& reply, std::function<Found(Tables&)> look, std::function<Answer(const Found&)> answer) {
    ask<Found>(reply, std::move(look),
               [reply, answer = std::move(answer)](const Found& found) { reply(answer(found)); });
  }
  // The same, for who does not answer by it; `failed` gets the problem where it cannot be read.
  template <class Found>
  void ask(const Reply& failed, std::function<Found(Tables&)> look, std::function<void(const Found&)> on_found) {
    const auto found = std::make_shared<Found>();
    read_tables(
        failed, [found, look = std::move(look)](Tables& tables) { *found = look(tables); },
        [found, on_found = std::move(on_found)] { on_found(*found); });
  }
  // Whether the machine is there for a role, as sees() has it.
  bool shows(const Role& role, const std::string& machine) const;
  // Whether who asked may still ask: its token was neither revoked nor is its time over.
  bool still_admits(const Request& request) const;

  void with_tunnels(std::function<void(const std::vector<TunnelInfo>&)> on_done);
  void close_tunnel(std::string_view id, std::function<void(bool)> on_done);
  void with_counts(std::function<void(const std::vector<LoopCounts>&)> on_done);
  void with_traffic(std::function<void(const std::vector<MachineRow>&)> on_done);

  // Adds "hosts" and "urls".
  void add_hosts(JsonObject& object, const std::vector<std::string>& hosts) const;
  // NAME.DOMAIN for each DOMAIN.
  std::vector<std::string> under_domains(std::string_view name) const;

 private:
  void read_tables(const Reply& reply, std::function<void(Tables&)> ask, std::function<void()> on_good);

  AdminParts parts_;
  // Shared with what runs on the store's thread; never changed.
  std::shared_ptr<const std::vector<std::string>> domains_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

int64_t unix_seconds();
int64_t unix_milliseconds();
// `prefix` and 100 random bits as [a-z2-7].
std::string new_id(std::string_view prefix);
// 256 random bits in base64url.
std::string new_secret();
// 412 where If-Match names another state of the record; nullopt for none: where it is not there.
std::optional<Answer> check_if_match(const Request& request, const std::optional<std::string>& record);

}  // namespace ingress::broker::admin
