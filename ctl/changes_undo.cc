#include <memory>

#include "ctl/nouns.h"

namespace ingress::ctl {

void add_changes_undo(Command changes, Shell& shell) {
  const auto revision = std::make_shared<std::string>();
  shell
      .command(changes, "undo", "Take a change back, where nothing newer touched what it changed",
               "ingressctl changes undo 121",
               [&shell, revision] {
                 return shell.show_record(
                     shell.session.change("POST", "/v1/changes" + segment(*revision) + "/undo", Json::object()));
               })
      .word("revision", *revision, "The revision, of ingressctl changes", "REVISION");
}

}  // namespace ingress::ctl
