#include "ctl/problem.h"

namespace ingress::ctl {

Outcome<Json> read_answer(long status, std::string_view body) {
  const Json json = Json::parse(body, nullptr, false);
  if (status >= 200 && status < 300) {
    if (body.empty()) return Json::object();
    if (json.is_object()) return json;
    return failed("the answer is not JSON: is this the admin API? (--admin)");
  }
  const auto text_of = [&json](const char* name) {
    const auto found = json.is_object() ? json.find(name) : json.end();
    return json.is_object() && found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (status == 401) {
    return tl::unexpected<Failure>(Failure{cli::kExitNotAuthorised, kNotAuthorised, "unauthorized"});
  }
  const int exit_code = status == 403 ? cli::kExitNotAuthorised : cli::kExitFailed;
  if (const std::string detail = text_of("detail"); !detail.empty()) {
    return tl::unexpected<Failure>(Failure{exit_code, detail, text_of("code")});
  }
  if (status == 403) {
    return tl::unexpected<Failure>(Failure{exit_code, "not authorised: this token may not do that", "forbidden"});
  }
  return failed("status " + std::to_string(status) + ", and no problem details: is this the admin API? (--admin)");
}

}  // namespace ingress::ctl
