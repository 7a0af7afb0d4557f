// What takes a change back. Thread: the store's.
#pragma once

#include "broker/model/changes.h"
#include "broker/store/store.h"
#include "broker/store/tables.h"

namespace ingress::broker {

// The change that makes the row what it was before `row`. kConflict where it is no longer what `row` left, where the
// machine that is to be attached again is gone, and where what is to come back had a secret, whose hash no change
// keeps. A deleted project comes back without the services and domains that went with it, and without a machine that is
// gone.
tl::expected<Change, StoreError> inverse_of(const ChangeRow& row, Tables& tables);

}  // namespace ingress::broker
