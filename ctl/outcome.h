// What a command came to: a value, or a sentence for people with the code to exit with.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <tl/expected.hpp>

#include "common/cli/exit_codes.h"

namespace ingress::ctl {

using Json = nlohmann::ordered_json;

struct Failure {
  int exit_code = cli::kExitFailed;
  std::string sentence;
  std::string code = {};  // the admin API's word for it, for programs; "" for none
};

template <class T>
using Outcome = tl::expected<T, Failure>;

inline tl::unexpected<Failure> failed(std::string sentence, int exit_code = cli::kExitFailed) {
  return tl::unexpected<Failure>(Failure{exit_code, std::move(sentence)});
}
inline tl::unexpected<Failure> wrong_usage(std::string sentence) {
  return failed(std::move(sentence), cli::kExitUsage);
}

}  // namespace ingress::ctl
