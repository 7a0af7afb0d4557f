// The head of an HTTP/1.1 answer to a request of ours that opens a way: a proxy's to CONNECT, the broker's to an
// Upgrade. In any split.
#pragma once

#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/error.h"

namespace ingress::agent {

class ReplyHead {
 public:
  static constexpr size_t kMaxBytes = size_t{16} * 1024;

  // True once the head is whole. An error (kProtocol, kTooLarge) is final.
  Result<bool> receive(Bytes bytes);
  // Something came behind the head: a refusal's body, or, behind a good answer, what nobody was to say first.
  bool bytes_behind() const { return bytes_behind_; }
  // Once it is whole.
  int status() const { return status_; }
  // Whether a field of that name has that value; case is ignored in both.
  bool has(std::string_view name, std::string_view value) const;

 private:
  bool read_status();

  std::string head_;
  int status_ = 0;
  bool bytes_behind_ = false;
};

}  // namespace ingress::agent
