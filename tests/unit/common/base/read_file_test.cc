#include "common/base/read_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

namespace ingress {
namespace {

struct Folder {
  std::string path;

  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "read_file_XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string with(const std::string& text) const {
    std::ofstream(path + "/file", std::ios::binary) << text;
    return path + "/file";
  }
};

TEST_CASE("a file is read whole, however long it is") {
  const Folder folder;
  for (const size_t size : {0, 1, 65535, 65536, 65537, 1000000}) {
    CAPTURE(size);
    const std::string text(size, 'x');
    CHECK(read_file(folder.with(text)) == text);
  }
  const std::string bytes("a\0\xff\n", 4);
  CHECK(read_file(folder.with(bytes)) == bytes);
}

TEST_CASE("what is no file is refused, with the reason") {
  const Folder folder;
  const auto why = [](const std::string& path) { return read_file(path).error().sys_errno; };
  CHECK(why(folder.path) == EISDIR);
  CHECK(why(folder.path + "/none") == ENOENT);
  CHECK(why(folder.with("x") + "/below") == ENOTDIR);
  CHECK(cannot_read("/x", read_file(folder.path).error()) == "cannot read /x: Is a directory");
}

TEST_CASE("a file that is longer than it may be is refused, and a device that has no end too") {
  const Folder folder;
  CHECK(read_file(folder.with("four"), 4) == "four");
  CHECK(read_file(folder.with("fives"), 4).error().sys_errno == EFBIG);
  CHECK(read_file("/dev/zero", 100000).error().sys_errno == EFBIG);
  CHECK(read_file("/dev/null") == "");
}

TEST_CASE("a pipe is read to its end, by its descriptor and by the path of that") {
  const std::string text(3000, 'y');
  for (const bool by_path : {false, true}) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    REQUIRE(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(ends[1]);
    CHECK((by_path ? read_file("/dev/fd/" + std::to_string(ends[0])) : read_file(ends[0])) == text);
    ::close(ends[0]);
  }
}

TEST_CASE("where a regular file is asked for nothing else is read, nor waited for") {
  const Folder folder;
  CHECK(read_regular_file(folder.with("text")) == "text");
  CHECK(read_regular_file(folder.path + "/file", 3).error().sys_errno == EFBIG);
  std::filesystem::create_symlink(folder.path + "/file", folder.path + "/link");
  CHECK(read_regular_file(folder.path + "/link") == "text");
  REQUIRE(::mkfifo((folder.path + "/pipe").c_str(), 0600) == 0);
  const auto why = [](const std::string& path) { return read_regular_file(path).error().sys_errno; };
  CHECK(why(folder.path + "/pipe") == ENOTSUP);
  CHECK(why("/dev/null") == ENOTSUP);
  CHECK(why(folder.path) == EISDIR);
  CHECK(why(folder.path + "/none") == ENOENT);
}

}  // namespace
}  // namespace ingress
