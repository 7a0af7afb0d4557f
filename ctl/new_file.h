// A file that stands under its name only when it is whole and on disk: it is made beside it first, readable by its
// owner alone. What was not published is removed.
#pragma once

#include <cstdint>
#include <string>

#include "ctl/outcome.h"

namespace ingress::ctl {

class NewFile {
 public:
  enum class Existing : uint8_t { kReplaced, kRefused };

  static Outcome<NewFile> prepare(const std::string& path);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  // Where it is until then: an empty file, at first.
  const std::string& temporary() const { return temporary_; }
  int descriptor() const { return descriptor_; }

  // Syncs it and gives it its name, in one step. Once.
  Outcome<bool> publish(Existing existing);

 private:
  NewFile(std::string path, std::string temporary, int descriptor);
  bool take_name(Existing existing) const;

  std::string path_;
  std::string temporary_;
  int descriptor_;
};

// What errno means, behind a colon.
std::string because(int code);

}  // namespace ingress::ctl
