#include "common/tls/folder_stamps.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace ingress::tls {

void FolderStamps::remember_folder(const std::string& folder) {
  folder_ = folder;
  folder_stamp_ = FileStamp::of(folder);
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
    if (certificate && (!watched_ || each->is_symlink(gone)))
      files.push_back({path.string(), FileStamp::of(path.string())});
  }
  std::sort(files.begin(), files.end(), [](const File& one, const File& other) { return one.path < other.path; });
  return files;
}

bool FolderStamps::changed() const {
  if (!watched_) return files_now() != files_;
  return std::any_of(files_.begin(), files_.end(),
                     [](const File& file) { return FileStamp::of(file.path) != file.stamp; });
}

bool FolderStamps::folder_moved() const {
  const FileStamp now = FileStamp::of(folder_);
  return now.is_there() && (now.device != folder_stamp_.device || now.inode != folder_stamp_.inode);
}

}  // namespace ingress::tls
