// A secret setting: by file or environment, never by argv.
#pragma once

#include <string>

#include "common/cli/values.h"

namespace ingress::cli {

// The whole file less blanks and ends of lines around the text. A sentence where it can't be read or holds nothing.
Parsed<std::string> read_secret_file(const std::string& path);

struct Secret {
  std::string file;   // --NAME-file; read anew at each read(), so that a rotated secret is taken up
  std::string value;  // INGRESS_NAME

  bool given() const { return !file.empty() || !value.empty(); }
  // The secret as it is now, without blanks around it. The file wins over the value.
  Parsed<std::string> read() const;
};

}  // namespace ingress::cli
