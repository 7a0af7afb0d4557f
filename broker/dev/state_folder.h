// The folder that a laptop's broker keeps its things in, and what there is for this user alone. Thread: any.
#pragma once

#include <string>

#include "common/base/error.h"

namespace ingress::broker::dev {

// Makes it for this user alone where it is not there. One that is there keeps its mode: it may be a folder of other
// things, too.
Status make_state_folder(const std::string& path);
// For this user alone, also where it is there already.
Status make_private_folder(const std::string& path);
// An empty file of mode 0600 where there is none.
Status make_private_file(const std::string& path);
// A file of mode 0600 with this text, in the place of what is there.
Status put_private_file(const std::string& path, const std::string& text);

}  // namespace ingress::broker::dev
