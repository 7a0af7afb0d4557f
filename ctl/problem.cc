#include "ctl/problem.h"

#include "common/base/shallow_json.h"

namespace ingress::ctl {

Json read_json(std::string_view text) { return shallow_json<Json>(text, kMostDepth); }

tl::unexpected<Failure> no_answer_of_the_api(const std::string& what) {
  return tl::unexpected<Failure>(
      Failure{cli::kExitFailed, what + ": is this the admin API? (--admin)", "admin_no_answer"});
}

Outcome<Json> read_answer(long status, std::string_view body) {
  Json json = read_json(body);
  if (status >= 200 && status < 300) {
    if (body.empty()) return Json::object();
    if (json.is_object()) return json;
    return no_answer_of_the_api("the answer is not JSON");
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
  return no_answer_of_the_api("status " + std::to_string(status) + ", and no problem details");
}

}  // namespace ingress::ctl
