#include "broker/config_places.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/database/format.h"
#include "common/uv/owned_fd.h"

namespace ingress::broker {
namespace {

namespace fs = std::filesystem;

std::string last_reason() { return std::generic_category().message(errno); }

fs::path folder_of(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

std::string check_access_log(const std::string& path) {
  if (path.empty()) return "";
  const std::string named = "--access-log " + path + ": ";
  const fs::path folder = folder_of(path);
  if (!is_folder(folder)) return named + "the folder " + folder.string() + " is not there";
  if (is_folder(path)) return named + "is a folder";
  const bool there = ::access(path.c_str(), F_OK) == 0;
  if (::access(there ? path.c_str() : folder.c_str(), W_OK) == 0) return "";
  return named + "cannot be written: " + last_reason();
}

// What is below /run is made anew at each start of the system, by whoever starts the broker.
bool is_made_at_start(const fs::path& folder) {
  const std::string text = folder.lexically_normal().string() + "/";
  return text.starts_with("/run/") || text.starts_with("/var/run/");
}

std::string check_admin_sockets(const Config& config) {
  for (const uv::Address& address : config.admin) {
    const std::string& path = address.unix_path;
    if (path.empty() || path.front() == '@') continue;
    const fs::path folder = folder_of(path);
    if (is_folder(folder) || is_made_at_start(folder)) continue;
    return "--admin unix:" + path + ": the folder " + folder.string() + " is not there";
  }
  return "";
}

std::string check_twice(const Config& config) {
  using Addresses = std::vector<uv::Address>;
  const std::array<std::pair<const char*, const Addresses*>, 3> all = {
      {{"http", &config.http}, {"https", &config.https}, {"admin", &config.admin}}};
  std::set<std::string> said;
  for (const auto& [name, addresses] : all) {
    for (const uv::Address& address : *addresses) {
      const bool any_port = address.unix_path.empty() && address.port == 0;
      if (any_port || said.insert(address.to_text()).second) continue;
      return std::string("--") + name + " " + address.to_text() + ": another listener has that address, too";
    }
  }
  return "";
}

std::string check_acme_dir(const Config& config) {
  if (!config.acme.on()) return "";
  fs::path there = config.acme.dir;
  std::error_code ignored;
  while (!fs::exists(there, ignored) && there.has_relative_path()) there = there.parent_path();
  const std::string named = "--acme-dir " + config.acme.dir + ": ";
  if (!is_folder(there)) return named + there.string() + " is no folder";
  return ::access(there.c_str(), W_OK) == 0 ? "" : named + there.string() + " cannot be written: " + last_reason();
}

uint32_t number_at(const std::array<unsigned char, 100>& header, size_t at) {
  return static_cast<uint32_t>(header[at]) << 24 | static_cast<uint32_t>(header[at + 1]) << 16 |
         static_cast<uint32_t>(header[at + 2]) << 8 | header[at + 3];
}

// Where there is one, the header that counts may be in it.
bool has_log(const std::string& path) {
  std::error_code failed;
  const auto size = fs::file_size(path + "-wal", failed);
  return !failed && size > 0;
}

// By the file's header alone (https://www.sqlite.org/fileformat.html): SQLite itself would make files beside it. What
// is still in the log beside it the start looks at.
std::string check_database(const std::string& path) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  const uv::OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<unsigned char, 100> header{};
  // A first start has none; one that another user may read is judged by its own.
  if (!fd.valid()) return "";
  const ssize_t size = ::pread(fd.get(), header.data(), header.size(), 0);
  const std::string named = "--db " + path + ": ";
  if (size < 0) return named + "cannot be read: " + last_reason();
  if (size == 0) return "";
  const std::string_view magic(reinterpret_cast<const char*>(header.data()), kMagic.size());
  if (size != ssize_t{100} || magic != kMagic) return named + "is no database";
  const uint32_t version = number_at(header, 60);
  const uint32_t application = number_at(header, 68);
  if (application == 0 && version == 0) return "";
  if (application != db::kApplicationId) return named + "is a database of another program";
  if (version <= db::kSchemaVersion || has_log(path)) return "";
  return named + db::of_newer_schema(version);
}

}  // namespace

std::string check_places(const Config& config) {
  for (std::string problem : {check_twice(config), check_admin_sockets(config), check_access_log(config.access_log),
                              check_acme_dir(config), check_database(config.db)}) {
    if (!problem.empty()) return problem;
  }
  return "";
}

}  // namespace ingress::broker
