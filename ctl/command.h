// A command in the command line: what is said behind it, each declared once. Built on CLI11, which stays behind this
// header (each source that includes it takes seconds to compile).
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ingress::ctl {

// A handle: copies are the same command. The variables must live until the command line is read; `shown` stands for the
// value in the help.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(&app) {}

  // Words by their place.
  Command word(const char* name, std::string& value, const char* help, const char* shown);
  Command optional_word(const char* name, std::string& value, const char* help, const char* shown);
  Command words(const char* name, std::vector<std::string>& values, const char* help, const char* shown);
  Command optional_words(const char* name, std::vector<std::string>& values, const char* help, const char* shown);
  // --NAME VALUE
  Command option(const char* name, std::string& value, const char* help, const char* shown);
  // The value, or where it is: @FILE, or - for standard input.
  Command text_option(const char* name, std::string& value, const char* help, const char* shown);
  // May be said again and again.
  Command options(const char* name, std::vector<std::string>& values, const char* help, const char* shown);
  Command required_option(const char* name, std::string& value, const char* help, const char* shown);
  Command choice(const char* name, std::string& value, const std::vector<std::string>& good, const char* help,
                 const char* shown);
  // The same, but that other values pass, too: the words are those that are known, for completion.
  Command known_words(const char* name, std::string& value, const std::vector<std::string>& known, const char* help,
                      const char* shown);
  Command choice_word(const char* name, std::string& value, const std::vector<std::string>& good, const char* help,
                      const char* shown);
  Command number(const char* name, long long& value, long long least, const char* help, const char* shown);
  Command port(const char* name, int& value, const char* help);
  // --NAME
  Command flag(const char* name, bool& value, const char* help);

  // Whether a flag was said, once the line has been read.
  bool said(const char* name) const;
  // One of its own commands may follow, and need not.
  void let_command_follow();

  CLI::App& app() const { return *app_; }

 private:
  CLI::App* app_;
};

}  // namespace ingress::ctl
