// The program that gets a certificate: lego, or the operator's own. Pure: command lines, variables, and where the files
// are when it has ended well.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/acme/settings.h"
#include "broker/acme/wanted.h"
#include "common/uv/child_process.h"

namespace ingress::broker::acme {

struct OrderProgram {
  uv::ChildProgram program;
  std::string crt_path;  // the chain, with the key beside it as NAME.key
};

// `webroot` is where HTTP-01 answers lie; `environment` is that of the settings' file.
OrderProgram order_program(const Settings& settings, const Wanted& wanted, const std::string& webroot,
                           const std::vector<std::string>& environment);

// Where that program leaves, or has left, the chain; the key is beside it.
std::string issued_crt_path(const Settings& settings, const Wanted& wanted);

// What an operator should read of the output of a program that failed: its last error, on one line.
std::string reason_in(std::string_view output);

}  // namespace ingress::broker::acme
