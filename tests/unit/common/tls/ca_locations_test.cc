#include "common/tls/ca_locations.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

using ingress::tls::CaLocation;
using ingress::tls::find_ca_location;

namespace {

// A folder that stands for a machine's root, gone with the test.
class Root {
 public:
  Root() {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;
  ~Root() { std::filesystem::remove_all(path_); }

  void put(const std::string& file) const {
    std::filesystem::create_directories(std::filesystem::path(path_ + file).parent_path());
    std::ofstream(path_ + file) << "x";
  }
  CaLocation find() const { return find_ca_location(path_); }
  // What was found, without the root.
  std::string file() const { return relative(find().file); }
  std::string folder() const { return relative(find().folder); }

 private:
  std::string relative(const std::string& found) const { return found.empty() ? "" : found.substr(path_.size()); }

  std::string path_ = std::filesystem::temp_directory_path() / ("ca_locations." + std::to_string(getpid()));
};

}  // namespace

TEST_CASE("a folder of certificates by hash is taken before the file beside it") {
  const Root debian;
  debian.put("/etc/ssl/certs/ca-certificates.crt");
  CHECK(debian.file() == "/etc/ssl/certs/ca-certificates.crt");
  debian.put("/etc/ssl/certs/f081611a.0");
  CHECK(debian.file().empty());
  CHECK(debian.folder() == "/etc/ssl/certs");
}

TEST_CASE("a folder whose files have other names is none") {
  const Root root;
  for (const char* name : {"ISRG_Root_X1.pem", "f081611.0", "f081611a", "f081611a.", "F081611A.0", "f081611a.pem"}) {
    root.put(std::string("/etc/ssl/certs/") + name);
  }
  CHECK(root.folder().empty());
  CHECK(root.file().empty());
}

TEST_CASE("each distribution's bundle is found where that keeps it") {
  for (const char* file : {"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/pki/tls/certs/ca-bundle.crt",
                           "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"}) {
    const Root root;
    root.put(file);
    CHECK(root.file() == file);
  }
}

TEST_CASE("a machine without any has none") {
  const Root root;
  CHECK(root.folder().empty());
  CHECK(root.file().empty());
}
