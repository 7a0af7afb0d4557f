#include "broker/client/admitted_request.h"

namespace ingress::broker {

void AdmittedRequest::clear() {
  admitted.reset();
  instead.reset();
  place.clear();
  host_name.clear();
  target.clear();
  judgements = 0;
  security = SecurityHeaders::kOff;
  isolates_cookies = true;
  parent_is_project = false;
  expires_at = 0;
}

}  // namespace ingress::broker
