#include "broker/store/project_limits.h"

#include <nlohmann/json.hpp>

namespace ingress::broker {
namespace {

tl::unexpected<Error> refuse(std::string& problem, std::string sentence) {
  problem = std::move(sentence);
  return fail(ErrorCode::kInvalidArgument, Side::kClient, "reading a project's limits");
}

}  // namespace

Result<ProjectLimits> parse_limits(std::string_view text, std::string& problem) {
  ProjectLimits limits;
  if (text == "{}") return limits;  // nearly always
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return refuse(problem, "limits are a JSON object");
  for (const auto& [name, value] : json.items()) {
    if (name != "machines" && name != "routes") {
      return refuse(problem, "limits have no \"" + name + "\": they are machines and routes");
    }
    constexpr uint64_t kMost = 1'000'000'000;
    if (!value.is_number_unsigned() || value.get<uint64_t>() > kMost) {
      return refuse(problem, "limits: \"" + name + "\" is a number from 0 to 1000000000");
    }
    (name == "machines" ? limits.machines : limits.routes) = value.get<int64_t>();
  }
  return limits;
}

}  // namespace ingress::broker
