#include "ctl/secret_file.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace ingress::ctl {
namespace {

bool write_all(int descriptor, const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::write(descriptor, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<size_t>(count);
  }
  return true;
}

}  // namespace

Outcome<SecretFile> SecretFile::prepare(const std::string& path) {
  Outcome<NewFile> file = NewFile::prepare(path);
  if (!file) return tl::unexpected(file.error());
  return SecretFile(path, std::move(*file));
}

Outcome<bool> SecretFile::write(const std::string& secret) {
  if (!write_all(file_.descriptor(), secret + "\n")) return failed("cannot write " + path_ + because(errno));
  return file_.publish(NewFile::Existing::kReplaced);
}

}  // namespace ingress::ctl
