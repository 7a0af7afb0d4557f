#include "ctl/problem.h"

namespace ingress::ctl {

Outcome<Json> read_answer(long status, std::string_view body) {
  const Json json = Json::parse(body, nullptr, false);
  if (status >= 200 && status < 300) {
    if (body.empty()) return Json::object();
    if (json.is_object()) return json;
    return failed("the answer is not JSON: is this the admin API? (--admin)");
  }
  if (status == 401) {
    return failed(kNotAuthorised, cli::kExitNotAuthorised);
  }
  const int exit_code = status == 403 ? cli::kExitNotAuthorised : cli::kExitFailed;
  const auto detail = json.is_object() ? json.find("detail") : json.end();
  if (json.is_object() && detail != json.end() && detail->is_string()) {
    const auto code = json.find("code");
    const bool told = code != json.end() && code->is_string();
    return tl::unexpected<Failure>(
        Failure{exit_code, detail->get<std::string>(), told ? code->get<std::string>() : std::string()});
  }
  if (status == 403) return failed("not authorised: this token may not do that", exit_code);
  return failed("status " + std::to_string(status) + ", and no problem details: is this the admin API? (--admin)");
}

}  // namespace ingress::ctl
