// A request's target: the path's segments and the query's values, percent-decoded; and strict reading of the latter.
// Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/admin/answer.h"

namespace ingress::broker::admin {

struct Target {
  std::string path;                   // as sent, without the query
  std::vector<std::string> segments;  // of the path: "/v1/machines" has two
  std::map<std::string, std::string, std::less<>> query;
};

// Origin-form and absolute-form (RFC 9112, 3.2); nullopt for others and for broken percent-encoding.
std::optional<Target> parse_target(std::string_view target);

// Takes the values that a handler knows; finish() refuses the rest, as ObjectReader does.
class QueryReader {
 public:
  explicit QueryReader(const Target& target) : target_(target) {}

  std::string text(std::string_view name);
  int64_t integer(std::string_view name, int64_t fallback, int64_t least, int64_t most);
  std::optional<Answer> finish();

 private:
  const Target& target_;
  std::vector<std::string_view> known_;
  std::string problem_;
};

}  // namespace ingress::broker::admin
