// What every command is made of: its place in the command line, its action, and how its result is shown.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "ctl/command.h"
#include "ctl/outcome.h"
#include "ctl/session.h"
#include "ctl/table.h"

namespace ingress::ctl {

class Shell {
 public:
  Shell(std::ostream& out, std::ostream& err) : session(globals), out_(out), err_(err) {}
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  using Action = std::function<Outcome<int>()>;  // the exit code

  // A command under `parent`. A word after which one of its own commands must come has none of its own.
  static Command group(Command parent, const std::string& name, const std::string& help, const std::string& example);
  Command command(Command parent, const std::string& name, const std::string& help, const std::string& example,
                  Action action);
  // What the command line asked for; empty where it was help alone.
  Action chosen;

  // Results: JSON with --json, else for people.
  Outcome<int> show_list(const std::vector<Column>& columns, const Outcome<Json>& items);
  Outcome<int> show_record(const Outcome<Json>& item);
  // A change that answers nothing: `sentence` for people.
  Outcome<int> show_done(const Outcome<Json>& answer, const std::string& sentence);
  void print_json(const Json& json);
  // The same on one line, at once: for results that go on. False where it cannot be written: they have to end then.
  bool print_json_line(const Json& json);
  bool print_line(const std::string& text);
  std::ostream& out() { return out_; }
  std::ostream& err() { return err_; }

  Globals globals;
  Session session;

 private:
  std::ostream& out_;
  std::ostream& err_;
};

// JSON given on the command line, which must be an object; `flag` names it in the sentence.
Outcome<Json> object_of(const std::string& flag, const std::string& text);

}  // namespace ingress::ctl
