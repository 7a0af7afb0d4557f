#include "common/tls/folder_stamps.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace ingress::tls {

FolderStamps::Stamp FolderStamps::stamp_of(const std::string& path) {
  constexpr long long kNsInSecond = 1000000000;
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino, found.st_size, found.st_mtim.tv_sec * kNsInSecond + found.st_mtim.tv_nsec};
}

void FolderStamps::remember_folder(const std::string& folder) {
  folder_ = folder;
  folder_stamp_ = stamp_of(folder);
}

void FolderStamps::remember_files(bool watched) {
  watched_ = watched;
  files_ = files_now();
}

std::vector<FolderStamps::File> FolderStamps::files_now() const {
  std::vector<File> files;
  std::error_code error;
  for (std::filesystem::directory_iterator each(folder_, error), end; !error && each != end; each.increment(error)) {
    const std::filesystem::path& path = each->path();
    std::error_code gone;
    const bool certificate = path.extension() == ".crt" || path.extension() == ".key";
    if (certificate && (!watched_ || each->is_symlink(gone))) files.push_back({path.string(), stamp_of(path.string())});
  }
  std::sort(files.begin(), files.end(), [](const File& one, const File& other) { return one.path < other.path; });
  return files;
}

bool FolderStamps::changed() const {
  if (!watched_) return files_now() != files_;
  return std::any_of(files_.begin(), files_.end(), [](const File& file) { return stamp_of(file.path) != file.stamp; });
}

bool FolderStamps::folder_moved() const {
  const Stamp now = stamp_of(folder_);
  return now.inode != 0 && (now.device != folder_stamp_.device || now.inode != folder_stamp_.inode);
}

}  // namespace ingress::tls
