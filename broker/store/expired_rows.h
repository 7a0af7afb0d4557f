// Rows whose time is over. Thread: the store's.
#pragma once

#include <cstddef>

#include "broker/store/draft.h"

namespace ingress::broker {

// Puts the deletions of what was over at `time` (Unix seconds), some of them; the number of those. A machine is
// detached from its projects first; one that a service or a route still names stays until they are gone. Thread: the
// store's.
tl::expected<size_t, StoreError> delete_expired(Draft& draft, int64_t time);

}  // namespace ingress::broker
