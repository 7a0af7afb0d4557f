// What the settings say of files, folders and addresses, looked at without making anything.
#pragma once

#include <string>

#include "broker/config.h"

namespace ingress::broker {

// A sentence that names the setting where a start would fail for it; "" else. The rest of `config` is checked.
std::string check_places(const Config& config);

}  // namespace ingress::broker
