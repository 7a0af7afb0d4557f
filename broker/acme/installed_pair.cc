#include "broker/acme/installed_pair.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "common/base/read_file.h"
#include "common/base/write_all.h"
#include "common/uv/owned_fd.h"

namespace ingress::broker::acme {
namespace {

constexpr std::string_view kAcmeLine = "# ingress-broker: issued by ACME; renewed and replaced by the broker\n";
constexpr std::string_view kPlaceholderLine = "# ingress-broker: placeholder, replaced by the first certificate\n";
constexpr auto kPlaceholderLife = std::chrono::hours(24 * 365);

tl::unexpected<std::string> not_written(const std::string& path) {
  return tl::unexpected("cannot write " + path + ": " + std::generic_category().message(errno));
}

// A file beside the one whose place it takes, gone where it did not; the errno of what failed stays.
class FreshFile {
 public:
  explicit FreshFile(std::string path) : path_(std::move(path)), fresh_(path_ + ".new") {}
  FreshFile(const FreshFile&) = delete;
  FreshFile& operator=(const FreshFile&) = delete;
  ~FreshFile() {
    const int why = errno;
    if (written_) ::unlink(fresh_.c_str());
    errno = why;
  }

  // Onto the disk.
  bool write(std::string_view text) {
    ::unlink(fresh_.c_str());
    const uv::OwnedFd fd(::open(fresh_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    written_ = fd.valid();
    return written_ && write_all(fd.get(), text) && ::fsync(fd.get()) == 0;
  }
  bool put_in_place() {
    if (::rename(fresh_.c_str(), path_.c_str()) != 0) return false;
    written_ = false;
    return true;
  }

 private:
  std::string path_;
  std::string fresh_;
  bool written_ = false;
};

// Both are on the disk before either has its name: a disk that is full leaves the pair that was there.
tl::expected<void, std::string> place(const std::string& folder, const std::string& file_name, std::string_view line,
                                      const tls::PemPair& pair) {
  const std::string crt_path = folder + "/" + file_name + ".crt";
  const std::string key_path = folder + "/" + file_name + ".key";
  FreshFile key(key_path);
  FreshFile certificate(crt_path);
  if (!key.write(pair.key)) return not_written(key_path);
  if (!certificate.write(std::string(line) + pair.certificate)) return not_written(crt_path);
  const Result<std::string> former_key = read_regular_file(key_path);
  if (!key.put_in_place()) return not_written(key_path);
  if (certificate.put_in_place()) return {};
  auto failed = not_written(crt_path);
  if (former_key) replace_file(key_path, *former_key);
  return failed;
}

bool serves(const tls::Certificate& certificate, const std::string& name) {
  return std::find(certificate.names.begin(), certificate.names.end(), name) != certificate.names.end();
}

}  // namespace

std::string_view name_of(Source source) {
  constexpr std::array<std::string_view, 4> kNames = {"none", "file", "acme", "placeholder"};
  return kNames[static_cast<size_t>(source)];
}

Source source_of(const std::string& crt_path) {
  if (is_no_file(crt_path)) return Source::kFile;  // the broker's own are files
  std::ifstream file(crt_path, std::ios::binary);
  if (!file) return Source::kNone;
  std::string line;
  std::getline(file, line);
  line += '\n';
  if (line == kAcmeLine) return Source::kAcme;
  return line == kPlaceholderLine ? Source::kPlaceholder : Source::kFile;
}

std::string place_problem(const std::string& crt_path) {
  if (source_of(crt_path) != Source::kFile) return "";
  return crt_path + " is not the broker's; move it away, and the certificate can take its place";
}

bool replace_file(const std::string& path, std::string_view text) {
  FreshFile file(path);
  return file.write(text) && file.put_in_place();
}

bool is_installed(const tls::Certificate& issued, const std::string& crt_path) {
  if (source_of(crt_path) != Source::kAcme) return false;
  const Result<tls::Certificate> installed = tls::read_pair(crt_path);
  return installed && tls::is_same_certificate(issued, *installed);
}

tl::expected<tls::Certificate, std::string> issued_pair(const std::string& crt_path,
                                                        const std::vector<std::string>& names, int64_t now) {
  Result<tls::Certificate> issued = tls::read_pair(crt_path);
  if (!issued) return tl::unexpected("no good pair in " + crt_path + ": " + issued.error().context);
  for (const std::string& name : names) {
    if (!serves(*issued, name)) return tl::unexpected(std::string(crt_path).append(" does not serve ").append(name));
  }
  if (issued->expires_at <= now) return tl::unexpected(crt_path + " has expired");
  return std::move(*issued);
}

tl::expected<tls::Certificate, std::string> install_pair(const std::string& from_crt_path, const std::string& folder,
                                                         const std::string& file_name,
                                                         const std::vector<std::string>& names, int64_t now) {
  auto issued = issued_pair(from_crt_path, names, now);
  if (!issued) return issued;
  const std::string path = folder + "/" + file_name + ".crt";
  if (std::string problem = place_problem(path); !problem.empty()) return tl::unexpected(std::move(problem));
  const std::string key_path = std::filesystem::path(from_crt_path).replace_extension(".key").string();
  Result<std::string> certificate = read_regular_file(from_crt_path);
  if (!certificate) return tl::unexpected(cannot_read(from_crt_path, certificate.error()));
  Result<std::string> key = read_regular_file(key_path);
  if (!key) return tl::unexpected(cannot_read(key_path, key.error()));
  const auto placed = place(folder, file_name, kAcmeLine, {std::move(*certificate), std::move(*key)});
  if (!placed) return tl::unexpected(placed.error());
  issued->path = path;
  return issued;
}

tl::expected<void, std::string> install_placeholder(const std::string& folder, const std::string& file_name,
                                                    const std::vector<std::string>& names) {
  const Result<tls::PemPair> pair = tls::make_self_signed(names, kPlaceholderLife);
  if (!pair) return tl::unexpected(std::string("cannot make a placeholder: ") + pair.error().context);
  return place(folder, file_name, kPlaceholderLine, *pair);
}

}  // namespace ingress::broker::acme
