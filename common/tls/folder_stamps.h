// What a watch of a folder cannot see: the files that its symbolic links lead to (as certbot's `live` folder has them),
// and that the folder's own path leads to another one (as a deployment that swaps a link does). Where there is no
// watch, all of it.
#pragma once

#include <string>
#include <vector>

#include "common/tls/file_stamp.h"

namespace ingress::tls {

class FolderStamps {
 public:
  // Remembers where the folder's path leads. To be called before it is watched, and first.
  void remember_folder(const std::string& folder);
  // Remembers where the links in it lead, and what is there; of a folder that is not watched, what each of its files
  // is. To be called before the files are read.
  void remember_files(bool watched);
  // Whether the files that links lead to are others than were remembered, or changed; without a watch any file, and
  // whether one came or went.
  bool changed() const;
  // Whether the folder's path leads elsewhere.
  bool folder_moved() const;

 private:
  struct File {
    std::string path;
    FileStamp stamp;

    bool operator==(const File&) const = default;
  };
  std::vector<File> files_now() const;

  std::string folder_;
  FileStamp folder_stamp_;
  bool watched_ = true;
  std::vector<File> files_;
};

}  // namespace ingress::tls
