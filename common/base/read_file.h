// The whole of a file as text: a regular one, a pipe, a device that ends. Waits for what a pipe has not brought yet.
// Thread: any.
#pragma once

#include <cstddef>
#include <string>

#include "common/base/error.h"

namespace ingress {

inline constexpr size_t kMostFileBytes = size_t{64} * 1024 * 1024;

// kIo, with the errno that says why: EISDIR for a directory, EFBIG for more than `most_bytes`.
Result<std::string> read_file(const std::string& path, size_t most_bytes = kMostFileBytes);
// Of a regular file alone, which nobody waits for; ENOTSUP for anything else. For paths that others can put things at.
Result<std::string> read_regular_file(const std::string& path, size_t most_bytes = kMostFileBytes);
// Something is at the path, and it is no regular file: a pipe may keep whoever opens it waiting, for ever perhaps.
bool is_no_file(const std::string& path);
// The rest of what the descriptor has; it stays the caller's.
Result<std::string> read_file(int descriptor, size_t most_bytes = kMostFileBytes);
// "cannot read PATH: Is a directory": for people.
std::string cannot_read(const std::string& path, const Error& why);

}  // namespace ingress
