// What came of asking for a certificate, by the records of /v1/certificates. Pure.
#pragma once

#include <string>

#include "ctl/outcome.h"

namespace ingress::ctl {

// Whether the broker is still at it.
bool is_under_way(const Json& certificate);

// The exit code where there is a good certificate now; else why there is none.
Outcome<int> result_of_issue(const std::string& name, const Json& after);

// The same of a renewal: the certificate has to be another one than that of `before`, which is told by its times, by a
// failure that is over, or by its having been `placed` while somebody waited.
Outcome<int> result_of_renewal(const std::string& name, const Json& before, const Json& after, bool placed);

}  // namespace ingress::ctl
