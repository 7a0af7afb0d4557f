// The BIO between OpenSSL and memory: reads from spans that were given to it, appends to the output of the call that is
// running. After the handshake the record layer reads the same input. Private to common/tls.
#pragma once

#include <openssl/bio.h>

#include "common/base/byte_buffer.h"

namespace ingress::tls {

// What a session's BIO reads from and writes to. The BIO points at it, so it may not move.
class BioMemory {
 public:
  // Input that stays valid until keep() or until it is used up.
  void give(Bytes input);
  // Copies what is unread, so that the memory that was given may go.
  void keep();
  // Forgets what is unread.
  void drop();
  bool unread() const { return !given_.empty() || !kept_.empty(); }
  // The first `size` unread bytes in one piece, until the next call that is not const; empty where there are fewer, of
  // which none is left in the memory that was given.
  Bytes front(size_t size);
  // Uses up what front() gave, or its first bytes.
  void consume(size_t size);

  // Where output goes during one call of OpenSSL.
  void set_output(ByteBuffer* output) { output_ = output; }

  // A BIO over this memory.
  BIO* new_bio();

 private:
  static const BIO_METHOD* method();
  size_t read(uint8_t* to, size_t size);

  Bytes given_;  // comes after kept_
  ByteBuffer kept_;
  ByteBuffer* output_ = nullptr;
};

}  // namespace ingress::tls
