#include "ctl/secret_output.h"

#include <optional>
#include <ostream>

#include "ctl/secret_file.h"

namespace ingress::ctl {

Outcome<int> show_secret(Shell& shell, const std::string& path, const std::function<Outcome<Json>()>& make) {
  std::optional<SecretFile> file;
  if (!path.empty()) {
    Outcome<SecretFile> prepared = SecretFile::prepare(path);
    if (!prepared) return tl::unexpected(prepared.error());
    file.emplace(std::move(*prepared));
  }
  Outcome<Json> made = make();
  if (!made) return tl::unexpected(made.error());
  if (file) {
    const Outcome<bool> written = file->write((*made)["token"].get<std::string>());
    if (!written) return tl::unexpected(written.error());
    made->erase("token");
    if (shell.globals.json) shell.print_json(*made);
  } else if (shell.globals.json) {
    shell.print_json(*made);
  } else {
    shell.out() << (*made)["token"].get<std::string>() << "\n";
  }
  return cli::kExitGood;
}

}  // namespace ingress::ctl
