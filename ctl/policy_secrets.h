// The passwords and tokens in a policy, as a file declares them in clear and as the broker keeps them: salted hashes,
// `sha256:SALT:HASH` and `sha256:HASH`, which its API shows. Pure.
#pragma once

#include "ctl/outcome.h"

namespace ingress::ctl {

// The policy for people: "(hidden)" in the place of each secret.
Json hidden_secrets(Json policy);
// The policy with the hash that `kept` has in the place of each secret that it is of: so that the same secrets make the
// same policy, whatever their salt.
Json with_kept_hashes(Json policy, const Json& kept);

}  // namespace ingress::ctl
