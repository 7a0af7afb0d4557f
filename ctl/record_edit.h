// Changes of a record that keep what else it has: it is read, and what is made of it is written if nobody has written
// meanwhile; else that is done again. What several commands change at the same time is all there in the end.
#pragma once

#include <functional>
#include <string>

#include "ctl/outcome.h"
#include "ctl/policy_flags.h"
#include "ctl/session.h"

namespace ingress::ctl {

// More than the policy has keys that a command changes: so many commands at the same time all succeed.
inline constexpr int kMostEdits = 8;

// Where a record is read, and written if it is still as `etag` says.
struct RecordPlace {
  std::function<Outcome<TaggedRecord>()> read;
  std::function<Outcome<Json>(const Json& body, const std::string& etag)> write;
};
RecordPlace record_at(Session& session, const std::string& method, const std::string& path);

// What is to be written in the place of the record that was read.
using MakeBody = std::function<Outcome<Json>(const Json& record)>;
// The answer of the write. A failure where the record was another one each time.
Outcome<Json> edit_record(const RecordPlace& place, const MakeBody& make);

// PATCH of `settings`, and of the policy that the flags make of the record's.
Outcome<Json> patch_policy(Session& session, const std::string& path, const Json& settings, const PolicyFlags& flags);

}  // namespace ingress::ctl
