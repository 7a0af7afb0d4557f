// A disk in memory under SQLite, as unkind as one may be: what was not synced is lost, kept or torn when the power
// goes; it can be full, read-only, or fail to sync. It is SQLite's default file system while it lives.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace ingress::broker {

class LossyDisk {
 public:
  LossyDisk();
  LossyDisk(const LossyDisk&) = delete;
  LossyDisk& operator=(const LossyDisk&) = delete;
  ~LossyDisk();

  // The power goes in the middle of the `operations`-th write, truncation, deletion or sync from now. Everything fails
  // from then on.
  void cut_at(int64_t operations) { cut_at_ = operations_ + operations; }
  bool is_off() const { return off_; }
  // The power is back, and all who had files open are gone. Of what was not synced some is there: writes as they were,
  // or some of their 512-byte sectors, in no order; new files and deletions too, or not.
  void restart(uint32_t seed);

  int64_t operations() const { return operations_; }
  void set_space(int64_t bytes) { space_ = bytes; }  // of all files
  void set_read_only(bool read_only) { read_only_ = read_only; }
  void set_syncs_fail(bool fail) { syncs_fail_ = fail; }
  int64_t bytes() const;

 private:
  friend struct LossyDiskMethods;

  // A write, or the cutting off of what is behind `offset`.
  struct Pending {
    bool is_write = false;
    size_t offset = 0;
    std::string bytes;
  };
  struct File {
    std::string now;      // as who reads it sees it
    std::string durable;  // as it was when it was last synced
    std::vector<Pending> pending;
    bool syncs_folder = false;  // a log: SQLite's own file system syncs the folder with its first sync
    std::vector<std::unique_ptr<char[]>> shared_memory;
  };

  File* find(const std::string& name);
  File* make(const std::string& name);
  // False when the power goes with this operation, or is gone.
  bool begin_operation();
  void sync(File& file);
  static void write(std::string& content, size_t offset, const char* bytes, size_t count);
  void settle(File& file, std::mt19937& random);

  sqlite3_vfs vfs_{};
  sqlite3_vfs* base_;
  std::deque<File> files_;  // the deleted ones too: somebody may have them open
  std::map<std::string, File*> names_;
  std::map<std::string, File*> durable_names_;
  int64_t operations_ = 0;
  int64_t cut_at_ = INT64_MAX;
  int64_t space_ = INT64_MAX;
  bool off_ = false;
  bool read_only_ = false;
  bool syncs_fail_ = false;
};

}  // namespace ingress::broker
