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

tl::expected<void, std::string> place(const std::string& folder, const std::string& file_name, std::string_view line,
                                      const tls::PemPair& pair) {
  const std::string stem = folder + "/" + file_name;
  if (!replace_file(stem + ".key", pair.key)) return not_written(stem + ".key");
  if (!replace_file(stem + ".crt", std::string(line) + pair.certificate)) return not_written(stem + ".crt");
  return {};
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
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  const uv::OwnedFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return false;
  if (!write_all(fd.get(), text) || ::fsync(fd.get()) != 0 || ::rename(fresh.c_str(), path.c_str()) != 0) {
    const int why = errno;
    ::unlink(fresh.c_str());
    errno = why;
    return false;
  }
  return true;
}

tl::expected<tls::Certificate, std::string> install_pair(const std::string& from_crt_path, const std::string& folder,
                                                         const std::string& file_name,
                                                         const std::vector<std::string>& names, int64_t now) {
  const Result<tls::Certificate> issued = tls::read_pair(from_crt_path);
  if (!issued) return tl::unexpected("no good pair in " + from_crt_path + ": " + issued.error().context);
  for (const std::string& name : names) {
    if (!serves(*issued, name))
      return tl::unexpected(std::string(from_crt_path).append(" does not serve ").append(name));
  }
  if (issued->expires_at <= now) return tl::unexpected(from_crt_path + " has expired");
  const std::string path = folder + "/" + file_name + ".crt";
  if (std::string problem = place_problem(path); !problem.empty()) return tl::unexpected(std::move(problem));
  const std::string key_path = std::filesystem::path(from_crt_path).replace_extension(".key").string();
  Result<std::string> certificate = read_regular_file(from_crt_path);
  if (!certificate) return tl::unexpected(cannot_read(from_crt_path, certificate.error()));
  Result<std::string> key = read_regular_file(key_path);
  if (!key) return tl::unexpected(cannot_read(key_path, key.error()));
  const auto placed = place(folder, file_name, kAcmeLine, {std::move(*certificate), std::move(*key)});
  if (!placed) return tl::unexpected(placed.error());
  tls::Certificate installed = *issued;
  installed.path = path;
  return installed;
}

tl::expected<void, std::string> install_placeholder(const std::string& folder, const std::string& file_name,
                                                    const std::vector<std::string>& names) {
  const Result<tls::PemPair> pair = tls::make_self_signed(names, kPlaceholderLife);
  if (!pair) return tl::unexpected(std::string("cannot make a placeholder: ") + pair.error().context);
  return place(folder, file_name, kPlaceholderLine, *pair);
}

}  // namespace ingress::broker::acme
