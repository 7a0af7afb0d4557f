// What a forwarded request has of its admission: whether it was judged, on which terms it runs, who is being asked.
// Part of Forward.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "broker/admission/admission.h"

namespace ingress::broker {

struct AdmittedRequest {
  // Null where the policy changes nothing and lets everybody in.
  std::unique_ptr<Admitted> admitted;
  std::unique_ptr<Inquiry> inquiry;  // while somebody is asked
  std::optional<Instead> instead;    // what is answered, where it was not let in
  // For which target it was let in, "" for none: another one after a change of routes is judged anew.
  std::string place;
  std::string host_name;  // normalised
  std::string target;     // of one that is watched over
  uint8_t judgements = 0;
  SecurityHeaders security = SecurityHeaders::kOff;  // of answers of ours
  bool isolates_cookies = true;
  bool parent_is_project = false;
  int64_t expires_at = 0;  // Unix seconds, 0 for never

  void clear();
  const Terms* terms() const { return admitted == nullptr ? nullptr : &admitted->terms; }
};

}  // namespace ingress::broker
