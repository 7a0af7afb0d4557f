// What to say of a command line that cannot be read: one sentence, the nearest right word, and where the help is.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ingress::ctl {

struct Usage {
  std::string sentence;
  std::string help;  // "ingressctl machine --help"
};

// `words` are the arguments after the program's name; `complaint` is CLI11's.
Usage explain_usage(const CLI::App& app, const std::vector<std::string>& words, const std::string& complaint);

}  // namespace ingress::ctl
