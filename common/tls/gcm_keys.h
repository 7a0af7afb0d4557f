// The expanded keys of AES-GCM, a kilobyte each: kept for the few keys that a thread works with, not for every session.
// An idle tunnel holds the bare key; expanding it again costs a tenth of a microsecond. Private to common/tls.
#pragma once

#include "common/base/bytes.h"
#include "common/tls/vaes_gcm.h"

namespace ingress::tls {

class GcmSecret {
 public:
  explicit GcmSecret(const VaesGcm& routines) : routines_(&routines) {}
  // A copy is the same key, and shares what is expanded.
  GcmSecret(const GcmSecret&) = default;
  GcmSecret& operator=(const GcmSecret&) = delete;
  // Wipes the key, and what this thread has expanded of it. Another thread that worked with it wipes when it ends, or
  // when another key takes the place.
  ~GcmSecret();

  const VaesGcm& routines() const { return *routines_; }
  bool set(Bytes key);  // false: not of the size that the routines take
  bool given() const { return id_ != 0; }
  // Only where given. Valid until this thread asks for another key's.
  const gcm_key_data* expanded() const;

 private:
  void forget();

  const VaesGcm* routines_;
  uint64_t id_ = 0;  // of the key, in this process
  uint8_t key_[32]{};
};

}  // namespace ingress::tls
