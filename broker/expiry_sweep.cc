#include "broker/expiry_sweep.h"

#include <ctime>
#include <utility>

#include "broker/admin/api.h"
#include "broker/routing/index_nodes.h"
#include "broker/store/expired_rows.h"
#include "common/base/log.h"

namespace ingress::broker {
namespace {

constexpr Duration kInterval{60000};

}  // namespace

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
