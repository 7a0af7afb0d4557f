#include "ctl/record_edit.h"

#include <utility>

namespace ingress::ctl {

RecordPlace record_at(Session& session, const std::string& method, const std::string& path) {
  return {[&session, path] { return session.get_tagged(path); },
          [&session, method, path](const Json& body, const std::string& etag) {
            return session.change(method, path, body, etag);
          }};
}

Outcome<Json> edit_record(const RecordPlace& place, const MakeBody& make) {
  for (int i = 0; i < kMostEdits; ++i) {
    const Outcome<TaggedRecord> before = place.read();
    if (!before) return tl::unexpected(before.error());
    Outcome<Json> body = make(before->record);
    if (!body) return body;
    Outcome<Json> written = place.write(*body, before->etag);
    if (written || written.error().code != "precondition_failed") return written;
  }
  return tl::unexpected<Failure>(Failure{cli::kExitFailed,
                                         "nothing was changed: others changed the record each of the " +
                                             std::to_string(kMostEdits) + " times that this was tried; try again",
                                         "precondition_failed"});
}

Outcome<Json> patch_policy(Session& session, const std::string& path, const Json& settings, const PolicyFlags& flags) {
  return edit_record(record_at(session, "PATCH", path), [&settings, &flags](const Json& record) -> Outcome<Json> {
    Outcome<Json> policy = flags.over(record.value("policy", Json::object()));
    if (!policy) return policy;
    Json body = settings;
    body["policy"] = std::move(*policy);
    return body;
  });
}

}  // namespace ingress::ctl
