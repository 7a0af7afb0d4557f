#include "ctl/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string_view>

#include "common/base/read_file.h"
#include "common/database/database_lock.h"
#include "ctl/database_check.h"
#include "ctl/new_file.h"

namespace ingress::ctl {
namespace {

namespace fs = std::filesystem;

// From the root on, links followed, whether or not it is there.
fs::path whole_path(const std::string& path) {
  std::error_code none;
  return fs::weakly_canonical(fs::absolute(path, none), none);
}

Outcome<bool> expect_whole(db::Database& file, const std::string& path) {
  for (const Finding& finding : check_file(file)) {
    if (!finding.good) return failed(path + " is damaged: " + finding.check + ": " + finding.detail);
  }
  return true;
}

// A file of its own, without a log beside it.
Outcome<bool> copy(Database& from, const std::string& to) {
  std::string problem;
  Result<std::unique_ptr<db::Database>> opened = db::Database::open(to, db::Database::Mode::kReadWrite, problem);
  if (!opened) return failed(problem);
  db::Database& copied = **opened;
  from.file().copy_to(copied);
  copied.query("PRAGMA journal_mode = DELETE").run();
  if (copied.failed()) return failed("cannot copy the database: " + copied.failure());
  return expect_whole(copied, "the copy");
}

Outcome<Json> record_of(const std::string& path, const std::string& shown) {
  Outcome<std::unique_ptr<Database>> opened = Database::open(path, Database::Additions::kAny);
  if (!opened) return tl::unexpected(opened.error());
  const Outcome<int64_t> revision = (*opened)->revision();
  if (!revision) return failed("cannot read " + path + ": " + revision.error().sentence);
  std::error_code none;
  return Json{{"file", shown}, {"revision", *revision}, {"bytes", fs::file_size(path, none)}};
}

// What root makes is the broker's, which may run as another user.
Outcome<bool> give_to_owner(const std::string& path, const struct stat& model) {
  if (::geteuid() != 0 || model.st_uid == 0) return true;
  if (::chown(path.c_str(), model.st_uid, model.st_gid) == 0) return true;
  return failed("cannot give " + path + " to the owner of the database" + because(errno));
}

// "…before-restore-20260102T030405Z", a number behind it where that is taken.
std::string kept_name(const std::string& db) {
  const std::time_t now = std::time(nullptr);
  std::tm time{};
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", ::gmtime_r(&now, &time));
  const std::string name = db + ".before-restore-" + text.data();
  std::string free = name;
  std::error_code none;
  for (int number = 2; fs::exists(free, none) || fs::exists(free + "-wal", none); ++number) {
    free = name + "-" + std::to_string(number);
  }
  return free;
}

// Brings what is in the log into the file, so that the file alone is all. False where it is too damaged for that.
Outcome<bool> fold_log(const std::string& db) {
  std::string problem;
  Result<std::unique_ptr<db::Database>> opened = db::Database::open(db, db::Database::Mode::kReadWrite, problem);
  if (!opened) return failed(problem);
  (*opened)->query("PRAGMA journal_mode = DELETE").run();
  if ((*opened)->busy()) return failed(db + " is open in another program: stop it first");
  return !(*opened)->failed();
}

// The old file under a second name; the first is still its own. A log that cannot be folded goes with it.
Outcome<std::string> keep_old(const std::string& db) {
  const Outcome<bool> folded = fold_log(db);
  if (!folded) return tl::unexpected(folded.error());
  const std::string kept = kept_name(db);
  if (::link(db.c_str(), kept.c_str()) != 0) return failed("cannot keep " + db + " as " + kept + because(errno));
  for (const char* log : {"-wal", "-journal"}) {
    const std::string from = db + log;
    const std::string to = kept + log;
    if (::rename(from.c_str(), to.c_str()) == 0 || errno == ENOENT) continue;
    std::string sentence = because(errno);
    sentence.insert(0, to).insert(0, " as ").insert(0, from).insert(0, "cannot keep ");
    return failed(sentence);
  }
  ::unlink((db + "-shm").c_str());
  return kept;
}

// Where a database is or will be.
struct Place {
  std::string path;
  bool is_taken = false;
  struct stat folder {};
  struct stat file {};  // the folder's where nothing is there
};

Outcome<Place> find_place(const std::string& db) {
  Place place;
  const fs::path path = whole_path(db);  // a link's file is replaced, not the link
  place.path = path.string();
  if (::stat(path.parent_path().c_str(), &place.folder) != 0) return failed("cannot write " + db + because(errno));
  place.is_taken = ::stat(path.c_str(), &place.file) == 0;
  if (!place.is_taken) place.file = place.folder;
  return place;
}

Outcome<bool> lock_database(db::DatabaseLock& lock, const std::string& db, const struct stat& folder) {
  const std::string file = db::DatabaseLock::file_of(db);
  std::error_code none;
  const bool is_new = !fs::exists(file, none);
  const Status taken = lock.take(db, Duration{0});
  if (taken) return is_new ? give_to_owner(file, folder) : true;
  if (taken.error().code == ErrorCode::kConflict) return failed("a broker has " + db + " open: stop it first");
  return failed("cannot lock " + file + because(taken.error().sys_errno));
}

// What stands beside a database while it is used, by its end.
constexpr std::array<std::string_view, 5> kCompanions{"-wal", "-shm", "-journal", ".lock", ".recent"};

// By whatever name: a link leads to it, another spelling says it.
bool is_same_file(const std::string& a, const std::string& b) {
  std::error_code none;
  return fs::equivalent(a, b, none) || whole_path(a) == whole_path(b);
}

// Whether `path` is the database at `db`, or stands beside it.
bool is_of_database(const std::string& db, const std::string& path) {
  for (const std::string& name : {db, whole_path(db).string()}) {
    if (is_same_file(name, path)) return true;
    const bool beside = std::any_of(kCompanions.begin(), kCompanions.end(), [&name, &path](std::string_view end) {
      return is_same_file(name + std::string(end), path);
    });
    if (beside) return true;
  }
  return false;
}

// The database that a file of that name would be of: itself, or the one that it would stand beside.
std::string database_of(std::string path) {
  for (const std::string_view end : kCompanions) {
    if (path.size() > end.size() && path.ends_with(end)) return path.substr(0, path.size() - end.size());
  }
  return path;
}

// A name that leads to a database by a link has a lock of its own beside the link, and one beside the file.
using Locks = std::array<db::DatabaseLock, 2>;

// Takes the locks that are there of the database that a file at `to` would be of.
Outcome<bool> take_locks(const std::string& to, Locks& locks) {
  std::error_code none;
  const std::array<std::string, 2> names{database_of(to), database_of(whole_path(to).string())};
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string file = db::DatabaseLock::file_of(names.at(i));
    const bool have_it = i > 0 && is_same_file(file, db::DatabaseLock::file_of(names.front()));
    if (have_it || !fs::exists(file, none)) continue;
    const Status taken = locks.at(i).take(names.at(i), Duration{0});
    if (taken) continue;
    const bool is_held = taken.error().code == ErrorCode::kConflict;
    if (is_held) return wrong_usage("a broker has " + names.at(i) + " open: say another file");
    return failed("cannot lock " + file + because(taken.error().sys_errno));
  }
  return true;
}

// SQLite would take such a log for the copy's own. One without a byte is what a reader leaves. "" where there is none.
std::string log_beside(const std::string& to) {
  std::error_code none;
  for (const char* end : {"-wal", "-journal"}) {
    std::string log = to + end;
    if (fs::exists(log, none) && fs::file_size(log, none) > 0) return log;
  }
  return "";
}

// Refuses to write where a database is that is used. `locks` keep a broker from opening one that is not.
Outcome<bool> expect_unused(const std::string& db, const std::string& to, Locks& locks) {
  if (is_of_database(db, to)) return wrong_usage(to + " is the database itself, or stands beside it: say another file");
  if (Outcome<bool> taken = take_locks(to, locks); !taken) return taken;
  const std::string log = log_beside(to);
  if (log.empty()) return true;
  return wrong_usage(to + " is a database that is used, or was not closed: " + log + " stands beside it");
}

// A checked copy of the backup, with the owner and mode that the database has.
Outcome<NewFile> prepare_restored(const std::string& from, const Place& place) {
  Outcome<std::unique_ptr<Database>> backup = Database::open(from, Database::Additions::kAny);
  if (!backup) return tl::unexpected(backup.error());
  if (const auto whole = expect_whole((*backup)->file(), from); !whole) return tl::unexpected(whole.error());
  Outcome<NewFile> file = NewFile::prepare(place.path);
  if (!file) return file;
  if (const auto copied = copy(**backup, file->temporary()); !copied) return tl::unexpected(copied.error());
  constexpr mode_t kUsualMode = 0640;
  if (::fchmod(file->descriptor(), place.is_taken ? place.file.st_mode & 0777 : kUsualMode) != 0) {
    return failed("cannot write " + place.path + because(errno));
  }
  if (const auto given = give_to_owner(file->temporary(), place.file); !given) return tl::unexpected(given.error());
  return file;
}

}  // namespace

Outcome<Json> back_up(const std::string& db, const std::string& to, bool force) {
  std::error_code none;
  Locks locks;
  if (const auto unused = expect_unused(db, to, locks); !unused) return tl::unexpected(unused.error());
  if (is_no_file(to)) return wrong_usage(to + " is there, and is no file");
  if (!force && fs::exists(to, none)) return failed(to + " exists already: --force replaces it");
  Outcome<std::unique_ptr<Database>> from = Database::open(db, Database::Additions::kAny);
  if (!from) return tl::unexpected(from.error());
  Outcome<NewFile> file = NewFile::prepare(to);
  if (!file) return tl::unexpected(file.error());
  if (const auto copied = copy(**from, file->temporary()); !copied) return tl::unexpected(copied.error());
  Outcome<Json> record = record_of(file->temporary(), to);
  if (!record) return record;
  const auto published = file->publish(force ? NewFile::Existing::kReplaced : NewFile::Existing::kRefused);
  if (!published) return tl::unexpected(published.error());
  return record;
}

Outcome<Json> restore(const std::string& db, const std::string& from) {
  const Outcome<Place> place = find_place(db);
  if (!place) return tl::unexpected(place.error());
  std::error_code none;
  if (fs::equivalent(place->path, from, none)) return wrong_usage(from + " is the database itself");
  db::DatabaseLock lock;
  if (const auto locked = lock_database(lock, db, place->folder); !locked) return tl::unexpected(locked.error());
  Outcome<NewFile> file = prepare_restored(from, *place);
  if (!file) return tl::unexpected(file.error());
  Outcome<Json> record = record_of(file->temporary(), db);
  if (!record) return record;
  if (place->is_taken) {
    const Outcome<std::string> kept = keep_old(place->path);
    if (!kept) return tl::unexpected(kept.error());
    (*record)["kept"] = *kept;
  }
  if (const auto done = file->publish(NewFile::Existing::kReplaced); !done) return tl::unexpected(done.error());
  return record;
}

}  // namespace ingress::ctl
