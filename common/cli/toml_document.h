// A file of TOML with tables, or of JSON, as JSON text.
#pragma once

#include <string>

#include "common/cli/values.h"

namespace ingress::cli {

// JSON where its name ends in .json or its first byte is `{` (which is given as it is), else TOML. "-" is standard
// input. A sentence where it can't be read or is no TOML; dates and times are no values.
Parsed<std::string> read_document(const std::string& path);

}  // namespace ingress::cli
