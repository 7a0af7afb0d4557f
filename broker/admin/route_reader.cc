#include "broker/admin/route_reader.h"

#include "broker/admin/api.h"
#include "broker/routing/pattern.h"

namespace ingress::broker::admin {
namespace {

constexpr std::string_view kNoQuery =
    "has a \"?\": it is a host and a path, and a query is in neither (write %3F for a \"?\" that is in the path)";

void read_pattern(ObjectReader& in, RoutePattern& pattern) {
  std::string text;
  std::string sentence;
  in.required("pattern", text);
  Pattern read;
  if (text.find('?') != std::string::npos) in.refuse("pattern", kNoQuery);
  if (in.good() && !read_pattern(text, read, sentence)) in.refuse("pattern", "is refused: " + sentence);
  pattern.pattern = std::move(read.shape);
  pattern.text = std::move(read.text);
  if (!in.has("target")) in.refuse("target", "is missing");
  in.object("target", [&pattern](ObjectReader& target) {
    target.text("machine", pattern.target.machine);
    target.text("project", pattern.target.project);
    target.text("service", pattern.target.service);
    target.integer("port", pattern.target.port);
    if (target.has("port") && pattern.target.port == 0) target.refuse("port", "is not a port, 1 to 65535");
  });
  in.policy("policy", pattern.policy);
}

}  // namespace

void read_route_settings(ObjectReader& in, Route& route, bool& overwrite) {
  std::vector<RoutePattern> patterns;
  in.objects("patterns", [&patterns](ObjectReader& each) { read_pattern(each, patterns.emplace_back()); });
  if (in.has("patterns")) route.patterns = std::move(patterns);
  in.text_or_null("externalId", route.external_id);
  in.object("metadata", route.metadata);
  in.text_or_null("owner", route.owner);
  in.expiry(unix_seconds(), route.expires_at);
  std::string on_conflict = "fail";
  in.text("onConflict", on_conflict);
  if (on_conflict != "fail" && on_conflict != "overwrite") {
    in.refuse("onConflict", "is neither \"fail\" nor \"overwrite\"");
  }
  if (route.patterns.empty()) in.refuse("patterns", "needs one pattern at least");
  overwrite = on_conflict == "overwrite";
}

}  // namespace ingress::broker::admin
