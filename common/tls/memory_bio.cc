#include "common/tls/memory_bio.h"

#include <algorithm>
#include <cassert>

namespace ingress::tls {

void BioMemory::give(Bytes input) {
  assert(given_.empty() && "the last input was neither used up nor kept");
  if (kept_.empty()) {
    given_ = input;
  } else {
    kept_.append(input);
  }
}

void BioMemory::keep() {
  kept_.append(given_);
  given_ = {};
}

void BioMemory::drop() {
  given_ = {};
  kept_.release();
}

Bytes BioMemory::front(size_t size) {
  if (kept_.empty() && given_.size() >= size) return given_.first(size);
  const size_t missing = size - std::min(size, kept_.size());
  const size_t taken = std::min(missing, given_.size());
  kept_.append(given_.first(taken));
  given_ = given_.subspan(taken);
  return kept_.size() >= size ? kept_.view().first(size) : Bytes();
}

void BioMemory::consume(size_t size) {
  if (kept_.empty()) {
    given_ = given_.subspan(size);
    return;
  }
  kept_.consume(size);
  if (kept_.empty()) kept_.release();
}

size_t BioMemory::read(uint8_t* to, size_t size) {
  if (!kept_.empty()) {
    const size_t taken = std::min(size, kept_.size());
    std::memcpy(to, kept_.data(), taken);
    consume(taken);
    return taken;
  }
  const size_t taken = std::min(size, given_.size());
  if (taken > 0) std::memcpy(to, given_.data(), taken);
  given_ = given_.subspan(taken);
  return taken;
}

const BIO_METHOD* BioMemory::method() {
  static const BIO_METHOD* const instance = [] {
    BIO_METHOD* created = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ingress memory");
    BIO_meth_set_read(created, [](BIO* bio, char* to, int size) {
      auto& memory = *static_cast<BioMemory*>(BIO_get_data(bio));
      BIO_clear_retry_flags(bio);
      const size_t taken = memory.read(reinterpret_cast<uint8_t*>(to), static_cast<size_t>(size));
      if (taken > 0) return static_cast<int>(taken);
      BIO_set_retry_read(bio);
      return -1;
    });
    BIO_meth_set_write(created, [](BIO* bio, const char* from, int size) {
      auto& memory = *static_cast<BioMemory*>(BIO_get_data(bio));
      assert(memory.output_ != nullptr);
      memory.output_->append({reinterpret_cast<const uint8_t*>(from), static_cast<size_t>(size)});
      return size;
    });
    BIO_meth_set_ctrl(created, [](BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1L : 0L; });
    return created;
  }();
  return instance;
}

BIO* BioMemory::new_bio() {
  BIO* const bio = BIO_new(method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace ingress::tls
