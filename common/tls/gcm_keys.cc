#include "common/tls/gcm_keys.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <atomic>

namespace ingress::tls {
namespace {

// A place for each key by its number: a process has few tunnels with traffic, and clients' records gain nothing by
// more.
struct Places {
  static constexpr size_t kCount = 256;

  ~Places() {
    for (size_t i = 0; i < kCount; ++i) wipe(i);
  }
  void wipe(size_t place) {
    if (ids[place] == 0) return;
    OPENSSL_cleanse(&keys[place], sizeof keys[place]);
    ids[place] = 0;
  }

  uint64_t ids[kCount]{};
  GcmKey keys[kCount];  // memory of a place that was never used is never touched
};

// Null before a thread's first key, and again once its variables are destroyed.
thread_local Places* places = nullptr;

struct Owner {
  ~Owner() {
    delete places;
    places = nullptr;
  }
};

Places& places_here() {
  if (places == nullptr) {
    static thread_local const Owner owner;
    static_cast<void>(owner);
    places = new Places;
  }
  return *places;
}

uint64_t new_id() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

GcmSecret::~GcmSecret() {
  forget();
  OPENSSL_cleanse(key_, sizeof key_);
}

void GcmSecret::forget() {
  if (places != nullptr && places->ids[id_ % Places::kCount] == id_) places->wipe(id_ % Places::kCount);
}

bool GcmSecret::set(Bytes key) {
  if (key.size() != routines_->key_size) return false;
  forget();
  std::copy(key.begin(), key.end(), key_);
  id_ = new_id();
  return true;
}

const gcm_key_data* GcmSecret::expanded() const {
  Places& here = places_here();
  const size_t place = id_ % Places::kCount;
  gcm_key_data& key = here.keys[place].data;
  if (here.ids[place] != id_) {
    routines_->expand(key_, key.expanded_keys);
    routines_->precompute(&key);
    here.ids[place] = id_;
  }
  return &key;
}

}  // namespace ingress::tls
