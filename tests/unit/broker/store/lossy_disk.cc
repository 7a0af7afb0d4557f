#include "tests/unit/broker/store/lossy_disk.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace ingress::broker {

// SQLite's callbacks: thin, each on the disk or the file that it is called for.
struct LossyDiskMethods {
  struct Handle {
    sqlite3_file base;
    LossyDisk* disk;
    LossyDisk::File* file;
  };
  static Handle& of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
  static LossyDisk& disk_of(sqlite3_vfs* vfs) { return *static_cast<LossyDisk*>(vfs->pAppData); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    LossyDisk& disk = disk_of(vfs);
    file->pMethods = nullptr;
    if (disk.off_) return SQLITE_IOERR;
    LossyDisk::File* found = name == nullptr ? nullptr : disk.find(name);
    // The store makes its file before SQLite opens it.
    const bool make = (flags & (SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB)) != 0;
    if (found == nullptr && !make) return SQLITE_CANTOPEN;
    if (found == nullptr) {
      found = disk.make(name == nullptr ? "" : name);
      found->syncs_folder = (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) != 0;
    }
    Handle& handle = of(file);
    handle.disk = &disk;
    handle.file = found;
    file->pMethods = &kFileMethods;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  }
  static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
    LossyDisk& disk = disk_of(vfs);
    if (!disk.begin_operation()) return SQLITE_IOERR_DELETE;
    if (disk.read_only_) return SQLITE_IOERR_DELETE;
    if (disk.names_.erase(name) == 0) return SQLITE_IOERR_DELETE_NOENT;
    if (sync_folder != 0) disk.durable_names_ = disk.names_;
    return SQLITE_OK;
  }
  static int access(sqlite3_vfs* vfs, const char* name, int, int* result) {
    *result = disk_of(vfs).find(name) != nullptr ? 1 : 0;
    return SQLITE_OK;
  }
  static int full_path_name(sqlite3_vfs*, const char* name, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
  }
  static int randomness(sqlite3_vfs*, int size, char* out) {
    std::memset(out, 7, static_cast<size_t>(size));  // every run of a seed is the same
    return size;
  }
  static int sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
  static int current_time(sqlite3_vfs* vfs, sqlite3_int64* out) {
    sqlite3_vfs* base = disk_of(vfs).base_;
    return base->xCurrentTimeInt64(base, out);
  }

  static int close(sqlite3_file*) { return SQLITE_OK; }
  static int read(sqlite3_file* file, void* out, int count, sqlite3_int64 offset) {
    if (of(file).disk->off_) return SQLITE_IOERR_READ;
    const std::string& content = of(file).file->now;
    const auto begin = std::min(static_cast<size_t>(offset), content.size());
    const size_t there = std::min(static_cast<size_t>(count), content.size() - begin);
    std::memcpy(out, content.data() + begin, there);
    std::memset(static_cast<char*>(out) + there, 0, static_cast<size_t>(count) - there);
    return there == static_cast<size_t>(count) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  }
  static int write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
    LossyDisk& disk = *of(file).disk;
    LossyDisk::File& written = *of(file).file;
    if (disk.off_) return SQLITE_IOERR_WRITE;
    if (disk.read_only_) return SQLITE_READONLY;
    const auto end = static_cast<int64_t>(offset) + count;
    const int64_t growth = std::max<int64_t>(end - static_cast<int64_t>(written.now.size()), 0);
    if (disk.bytes() + growth > disk.space_) return SQLITE_FULL;
    const bool on = disk.begin_operation();
    const auto* begin = static_cast<const char*>(bytes);
    const auto size = static_cast<size_t>(count);
    written.pending.push_back({true, static_cast<size_t>(offset), std::string(begin, size)});
    LossyDisk::write(written.now, static_cast<size_t>(offset), begin, size);
    return on ? SQLITE_OK : SQLITE_IOERR_WRITE;
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    LossyDisk& disk = *of(file).disk;
    if (disk.off_) return SQLITE_IOERR_TRUNCATE;
    if (disk.read_only_) return SQLITE_READONLY;
    const bool on = disk.begin_operation();
    of(file).file->pending.push_back({false, static_cast<size_t>(size), {}});
    of(file).file->now.resize(static_cast<size_t>(size));
    return on ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
  }
  static int sync(sqlite3_file* file, int) {
    LossyDisk& disk = *of(file).disk;
    if (!disk.begin_operation() || disk.syncs_fail_) return SQLITE_IOERR_FSYNC;
    disk.sync(*of(file).file);
    return SQLITE_OK;
  }
  static int file_size(sqlite3_file* file, sqlite3_int64* size) {
    *size = static_cast<sqlite3_int64>(of(file).file->now.size());
    return SQLITE_OK;
  }
  // One connection at a time: no lock is ever in the way.
  static int lock(sqlite3_file*, int) { return SQLITE_OK; }
  static int check_reserved_lock(sqlite3_file*, int* result) {
    *result = 0;
    return SQLITE_OK;
  }
  static int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) { return 4096; }
  // As SQLite takes of every Unix file: a write that is torn changes no byte outside it.
  static int device_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }
  static int map_shared(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
    auto& regions = of(file).file->shared_memory;
    const auto index = static_cast<size_t>(region);
    *out = nullptr;
    if (index >= regions.size() && extend == 0) return SQLITE_OK;
    while (index >= regions.size()) regions.push_back(std::make_unique<char[]>(static_cast<size_t>(size)));
    *out = regions[index].get();
    return SQLITE_OK;
  }
  static int lock_shared(sqlite3_file*, int, int, int) { return SQLITE_OK; }
  static void shared_barrier(sqlite3_file*) { std::atomic_thread_fence(std::memory_order_seq_cst); }
  static int unmap_shared(sqlite3_file* file, int remove) {
    if (remove != 0) of(file).file->shared_memory.clear();
    return SQLITE_OK;
  }

  static const sqlite3_io_methods kFileMethods;
};

const sqlite3_io_methods LossyDiskMethods::kFileMethods = {2,
                                                           close,
                                                           read,
                                                           write,
                                                           truncate,
                                                           sync,
                                                           file_size,
                                                           lock,
                                                           lock,
                                                           check_reserved_lock,
                                                           file_control,
                                                           sector_size,
                                                           device_characteristics,
                                                           map_shared,
                                                           lock_shared,
                                                           shared_barrier,
                                                           unmap_shared,
                                                           nullptr,
                                                           nullptr};

LossyDisk::LossyDisk() : base_(sqlite3_vfs_find(nullptr)) {
  constexpr int kMaxPathBytes = 512;
  vfs_.iVersion = 2;
  vfs_.szOsFile = sizeof(LossyDiskMethods::Handle);
  vfs_.mxPathname = kMaxPathBytes;
  vfs_.zName = "lossy";
  vfs_.pAppData = this;
  vfs_.xOpen = LossyDiskMethods::open;
  vfs_.xDelete = LossyDiskMethods::remove;
  vfs_.xAccess = LossyDiskMethods::access;
  vfs_.xFullPathname = LossyDiskMethods::full_path_name;
  vfs_.xRandomness = LossyDiskMethods::randomness;
  vfs_.xSleep = LossyDiskMethods::sleep;
  vfs_.xCurrentTimeInt64 = LossyDiskMethods::current_time;
  sqlite3_vfs_register(&vfs_, 1);
}

LossyDisk::~LossyDisk() { sqlite3_vfs_unregister(&vfs_); }

LossyDisk::File* LossyDisk::find(const std::string& name) {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : found->second;
}

LossyDisk::File* LossyDisk::make(const std::string& name) {
  File& file = files_.emplace_back();
  if (!name.empty()) names_[name] = &file;
  return &file;
}

int64_t LossyDisk::bytes() const {
  int64_t sum = 0;
  for (const auto& [name, file] : names_) sum += static_cast<int64_t>(file->now.size());
  return sum;
}

bool LossyDisk::begin_operation() {
  if (!off_ && ++operations_ >= cut_at_) off_ = true;
  return !off_;
}

void LossyDisk::sync(File& file) {
  file.durable = file.now;
  file.pending.clear();
  if (!file.syncs_folder) return;
  file.syncs_folder = false;
  durable_names_ = names_;
}

void LossyDisk::write(std::string& content, size_t offset, const char* bytes, size_t count) {
  if (content.size() < offset + count) content.resize(offset + count);
  std::memcpy(content.data() + offset, bytes, count);
}

void LossyDisk::settle(File& file, std::mt19937& random) {
  constexpr size_t kSectorBytes = 512;
  const uint32_t kept_of_four = random() % 5;  // the disk's mood: from nothing to everything
  for (const Pending& pending : file.pending) {
    const bool torn = random() % 4 == 0;
    if (!torn && random() % 4 >= kept_of_four) continue;
    if (!pending.is_write) {
      if (!torn) file.durable.resize(pending.offset);
      continue;
    }
    // Sectors are the disk's, not the write's.
    for (size_t done = 0; done < pending.bytes.size();) {
      const size_t at = pending.offset + done;
      const size_t count = std::min(kSectorBytes - at % kSectorBytes, pending.bytes.size() - done);
      if (!torn || random() % 2 == 0) write(file.durable, at, pending.bytes.data() + done, count);
      done += count;
    }
  }
  file.pending.clear();
  file.now = file.durable;
  file.shared_memory.clear();
}

void LossyDisk::restart(uint32_t seed) {
  std::mt19937 random(seed);
  for (const auto& [name, file] : names_) {
    if (!durable_names_.contains(name) && random() % 2 == 0) durable_names_[name] = file;
  }
  for (auto entry = durable_names_.begin(); entry != durable_names_.end();) {
    const bool deleted = !names_.contains(entry->first);
    entry = deleted && random() % 2 == 0 ? durable_names_.erase(entry) : std::next(entry);
  }
  names_ = durable_names_;
  for (const auto& [name, file] : names_) settle(*file, random);
  off_ = false;
  cut_at_ = INT64_MAX;
}

}  // namespace ingress::broker
