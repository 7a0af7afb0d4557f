#include "common/tls/folder_stamps.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace ingress::tls {
namespace {

namespace fs = std::filesystem;

// A folder `tls` whose pair `one` is links to files in the folder `live`.
struct Folders {
  Folders() {
    char name[] = "/tmp/folder_stamps_XXXXXX";
    root = mkdtemp(name);
    fs::create_directory(root / "tls");
    fs::create_directory(root / "live");
    for (const char* kind : {"one.crt", "one.key"}) {
      write(root / "live" / kind, "first");
      fs::create_symlink(root / "live" / kind, root / "tls" / kind);
    }
    remember();
  }
  Folders(const Folders&) = delete;
  Folders& operator=(const Folders&) = delete;
  ~Folders() { fs::remove_all(root); }

  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  std::string folder() const { return (root / "tls").string(); }
  void remember(bool watched = true) {
    stamps.remember_folder(folder());
    stamps.remember_files(watched);
  }

  fs::path root;
  FolderStamps stamps;
};

TEST_CASE("what did not change did not") {
  const Folders folders;
  CHECK_FALSE(folders.stamps.changed());
  CHECK_FALSE(folders.stamps.folder_moved());
}

TEST_CASE("a file that a link leads to has changed once it is written, replaced or gone") {
  Folders folders;
  const fs::path key = folders.root / "live" / "one.key";
  SUBCASE("written") { Folders::write(key, "another length"); }
  SUBCASE("replaced") {
    Folders::write(folders.root / "new", "other");
    fs::rename(folders.root / "new", key);
  }
  SUBCASE("gone") { fs::remove(key); }
  CHECK(folders.stamps.changed());
  folders.remember();
  CHECK_FALSE(folders.stamps.changed());
}

TEST_CASE("a link in the middle that leads elsewhere is a change") {
  Folders folders;
  fs::create_directory(folders.root / "archive");
  fs::rename(folders.root / "live" / "one.crt", folders.root / "archive" / "one1.crt");
  Folders::write(folders.root / "archive" / "one2.crt", "second");
  fs::create_symlink(folders.root / "archive" / "one1.crt", folders.root / "live" / "one.crt");
  folders.remember();
  fs::create_symlink(folders.root / "archive" / "one2.crt", folders.root / "new");
  fs::rename(folders.root / "new", folders.root / "live" / "one.crt");
  CHECK(folders.stamps.changed());
}

TEST_CASE("plain files and other links are left to the folder's watch") {
  Folders folders;
  Folders::write(folders.root / "tls" / "two.crt", "a file");
  Folders::write(folders.root / "other", "first");
  fs::create_symlink(folders.root / "other", folders.root / "tls" / "README");
  folders.remember();
  Folders::write(folders.root / "tls" / "two.crt", "written again");
  Folders::write(folders.root / "other", "written again");
  CHECK_FALSE(folders.stamps.changed());
}

TEST_CASE("without a watch each file of the folder counts, and which there are") {
  Folders folders;
  const fs::path plain = folders.root / "tls" / "two.crt";
  Folders::write(plain, "a file");
  folders.remember(false);
  CHECK_FALSE(folders.stamps.changed());
  SUBCASE("written") { Folders::write(plain, "written again"); }
  SUBCASE("gone") { fs::remove(plain); }
  SUBCASE("come") { Folders::write(folders.root / "tls" / "two.key", "another"); }
  SUBCASE("behind a link") { Folders::write(folders.root / "live" / "one.crt", "another length"); }
  CHECK(folders.stamps.changed());
  folders.remember(false);
  CHECK_FALSE(folders.stamps.changed());
}

TEST_CASE("a folder has moved where its path leads to another one, not where it is away") {
  Folders folders;
  fs::create_directory(folders.root / "second");
  fs::create_symlink(folders.root / "tls", folders.root / "current");
  folders.stamps.remember_folder((folders.root / "current").string());
  CHECK_FALSE(folders.stamps.folder_moved());
  fs::remove(folders.root / "current");
  CHECK_FALSE(folders.stamps.folder_moved());
  fs::create_symlink(folders.root / "second", folders.root / "current");
  CHECK(folders.stamps.folder_moved());
}

TEST_CASE("a folder that was not there has moved once it is, and files that are remembered leave that as it is") {
  Folders folders;
  fs::rename(folders.root / "tls", folders.root / "away");
  SUBCASE("away when it was remembered") { folders.remember(); }
  SUBCASE("replaced since") { CHECK_FALSE(folders.stamps.folder_moved()); }
  CHECK_FALSE(folders.stamps.folder_moved());
  fs::create_directory(folders.root / "tls");
  CHECK(folders.stamps.folder_moved());
  folders.stamps.remember_files(true);
  CHECK(folders.stamps.folder_moved());
  folders.remember();
  CHECK_FALSE(folders.stamps.folder_moved());
}

}  // namespace
}  // namespace ingress::tls
