// A child process that runs a program of its own. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/uv/loop.h"

namespace ingress::uv {

struct ChildProgram {
  std::vector<std::string> argv;              // the program first: a path, or a name that is looked for in PATH
  std::vector<std::string> more_environment;  // "NAME=value", beside what this process has
  std::vector<int> fds;                       // become the child's 3, 4, …; stay open here
  bool ends_with_parent = false;              // where the child calls end_with_parent()
  std::string withheld;  // variables of this process whose names begin so are kept from it; "" for none
  int output_fd = -1;    // its standard output and error, where not this process's; its input is then empty
  // A session of its own: a signal reaches what it started, too.
  bool own_session = false;

  // Adds descriptors that the child finds by take_inherited_fds(variable).
  void inherit(const char* variable, const std::vector<int>& more);
};

class ChildProcess {
 public:
  // `code` is the exit code; `signal` is not 0 where one ended it. Called once, later.
  using OnExit = std::function<void(int code, int signal)>;

  // Standard input, output and error are this process's, where the program says nothing else.
  static Result<std::unique_ptr<ChildProcess>> start(Loop& loop, const ChildProgram& program, OnExit on_exit);
  // Of a child that still runs, nothing is told any more; it runs on. It may be destroyed in its on_exit.
  virtual ~ChildProcess() = default;
  virtual int pid() const = 0;
  virtual void signal(int number) = 0;
};

// In a child: SIGTERM comes when the parent that asked for it is gone, by whatever end. Before threads are made.
void end_with_parent();

}  // namespace ingress::uv
