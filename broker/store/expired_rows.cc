#include "broker/store/expired_rows.h"

#include <string>

namespace ingress::broker {
namespace {

constexpr int kExpiredAtATime = 500;  // of a kind, at a time: others have their turn

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
    for (const std::string& id : draft.tables().expired(what, time, kExpiredAtATime)) {
      if (what == Expiring::kMachines) {
        if (const auto done = detach_all(draft, id); !done) return tl::unexpected(done.error());
      }
      if (const auto done = draft.put(deletion_of(what, id)); !done) return tl::unexpected(done.error());
      ++count;
    }
  }
  return count;
}

}  // namespace ingress::broker
