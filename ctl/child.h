// Programs that a command of ours runs and waits for.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ingress::ctl {

struct ChildResult {
  int code = 0;        // 127 where it could not be started, 128 + the signal that ended it
  std::string output;  // standard output and error, the first 4 KiB, without a newline at the end
};

// The program's file by PATH, with sbin folders.
std::optional<std::string> find_program(const std::string& name);
// `argv`: the program's name first. Its standard input is empty.
ChildResult run_child(const std::vector<std::string>& argv);

}  // namespace ingress::ctl
