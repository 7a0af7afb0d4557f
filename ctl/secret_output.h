// A secret that is shown once: alone on stdout, so that it can go to a pipe, or into a file of its owner's.
#pragma once

#include <functional>
#include <string>

#include "ctl/shell.h"

namespace ingress::ctl {

// `make` asks for the record, whose member `token` is the secret. `path` is the file, "" for stdout; it is opened
// before the secret is made.
Outcome<int> show_secret(Shell& shell, const std::string& path, const std::function<Outcome<Json>()>& make);

}  // namespace ingress::ctl
