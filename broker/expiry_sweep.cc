#include "broker/expiry_sweep.h"

#include <ctime>
#include <vector>

#include "broker/admin/api.h"
#include "broker/routing/index_nodes.h"
#include "broker/store/draft.h"
#include "common/base/log.h"

namespace ingress::broker {
namespace {

constexpr Duration kInterval{60000};
constexpr int kRows = 500;  // of a kind, at a time: others have their turn

Change deletion_of(Expiring what, const std::string& id) {
  switch (what) {
    case Expiring::kRoutes:
      return DeleteRoute{id};
    case Expiring::kMachines:
      return DeleteMachine{id};
    case Expiring::kShares:
      return DeleteShare{id};
    case Expiring::kAccessTokens:
      return DeleteAccessToken{id};
    case Expiring::kJoinTokens:
      break;
  }
  return DeleteJoinToken{id};
}

tl::expected<void, StoreError> detach_all(Draft& draft, const std::string& machine) {
  while (true) {
    const std::string project = draft.tables().project_attached_to(machine);
    if (project.empty()) return {};
    if (auto done = draft.put(AttachMachine{project, ""}); !done) return done;
  }
}

}  // namespace

tl::expected<size_t, StoreError> delete_expired(Draft& draft, int64_t time) {
  size_t count = 0;
  for (const Expiring what :
       {Expiring::kRoutes, Expiring::kShares, Expiring::kMachines, Expiring::kAccessTokens, Expiring::kJoinTokens}) {
    for (const std::string& id : draft.tables().expired(what, time, kRows)) {
      if (what == Expiring::kMachines) {
        if (const auto done = detach_all(draft, id); !done) return tl::unexpected(done.error());
      }
      if (const auto done = draft.put(deletion_of(what, id)); !done) return tl::unexpected(done.error());
      ++count;
    }
  }
  return count;
}

ExpirySweep::ExpirySweep(uv::Loop& loop, Store& store) : store_(store), timer_(loop, [this] { sweep(); }) {
  timer_.start(kInterval, kInterval);
  timer_.unref();
}

void ExpirySweep::sweep() {
  if (std::exchange(under_way_, true)) return;
  const auto make = [time = std::time(nullptr) - kExpiredForSeconds](Draft& draft) -> tl::expected<void, StoreError> {
    const auto count = delete_expired(draft, time);
    if (!count) return tl::unexpected(count.error());
    return {};
  };
  store_.transact("expiry", admin::unix_milliseconds(), make, [this](const tl::expected<Commit, StoreError>& done) {
    under_way_ = false;
    if (!done) log_warn("expiry_sweep_failed", {{"reason", done.error().detail}});
  });
}

}  // namespace ingress::broker
