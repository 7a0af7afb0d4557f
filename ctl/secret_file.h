// A file for a secret, readable by its owner alone. It is opened before the secret is made, so that one that is shown
// once is not lost to a bad path, and takes its place only when it is whole.
#pragma once

#include <string>

#include "ctl/new_file.h"

namespace ingress::ctl {

class SecretFile {
 public:
  static Outcome<SecretFile> prepare(const std::string& path);

  // Writes it, a newline behind it, and puts the file in its place.
  Outcome<bool> write(const std::string& secret);

 private:
  SecretFile(std::string path, NewFile file) : path_(std::move(path)), file_(std::move(file)) {}

  std::string path_;
  NewFile file_;
};

}  // namespace ingress::ctl
