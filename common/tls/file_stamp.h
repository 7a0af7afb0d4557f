// What tells one state of a file from another without a look into it. Thread: any.
#pragma once

#include <sys/types.h>

#include <string>

namespace ingress::tls {

// Of what the path leads to, links followed; all zero where nothing is there.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  long long written_ns = 0;  // Unix time
  long long changed_ns = 0;  // of the inode: nobody can set it back

  static FileStamp of(const std::string& path);
  bool operator==(const FileStamp&) const = default;
  bool is_there() const { return inode != 0; }
  // Whether a write after `now_ns`, at which the stamp was taken, gets another one: a file system's clock ticks, and
  // two writes within a tick look the same.
  bool is_settled_at(long long now_ns) const;
};

// Of NAME.crt and of the NAME.key beside it.
struct PairStamp {
  FileStamp certificate;
  FileStamp key;
  bool settled = false;

  static PairStamp of(const std::string& crt_path);
  // Whether the files that are `now` are those that were read after this stamp was taken.
  bool is_still(const PairStamp& now) const { return settled && certificate == now.certificate && key == now.key; }
};

}  // namespace ingress::tls
