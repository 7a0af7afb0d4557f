// The memory of a session's streams: blocks that are kept while streams come and go, and freed when the session idles.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace ingress::tunnel {

class Stream;

class StreamPool {
 public:
  StreamPool();
  ~StreamPool();
  StreamPool(const StreamPool&) = delete;
  StreamPool& operator=(const StreamPool&) = delete;

  // A stream in its initial state, id 0.
  Stream& take();
  // Its id becomes 0 at once; its memory stays until release().
  void give(Stream& stream);
  // Frees everything; no stream may be out.
  void release();

 private:
  static constexpr size_t kFirstBlock = 4;
  static constexpr size_t kMostBlock = 64;

  void add_block();

  std::vector<std::unique_ptr<Stream[]>> blocks_;
  Stream* free_ = nullptr;
};

}  // namespace ingress::tunnel
