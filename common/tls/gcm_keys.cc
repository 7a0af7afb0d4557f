#include "common/tls/gcm_keys.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <atomic>
#include <memory>

namespace ingress::tls {
namespace {

// A place for each key by its number (a handshake takes two, its session two more). Where more keys than places are at
// work, a record costs that tenth of a microsecond more. A place that has no key has no memory.
class Places {
 public:
  static constexpr size_t kCount = 256;

  ~Places() {
    for (Place& place : all_) empty(place);
  }

  // What is there for the key; `made` where it is to be written first.
  gcm_key_data& of(uint64_t id, bool& made) {
    Place& place = all_[id % kCount];
    made = place.id != id;
    if (place.key == nullptr) place.key = std::make_unique<GcmKey>();
    place.id = id;
    return place.key->data;
  }

  void forget(uint64_t id) {
    Place& place = all_[id % kCount];
    if (place.id == id) empty(place);
  }

 private:
  struct Place {
    uint64_t id = 0;
    std::unique_ptr<GcmKey> key;
  };

  static void empty(Place& place) {
    if (place.key != nullptr) OPENSSL_cleanse(place.key.get(), sizeof *place.key);
    place.key.reset();
    place.id = 0;
  }

  Place all_[kCount];
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
  if (given() && places != nullptr) places->forget(id_);
}

bool GcmSecret::set(Bytes key) {
  if (key.size() != routines_->key_size) return false;
  forget();
  std::copy(key.begin(), key.end(), key_);
  id_ = new_id();
  return true;
}

const gcm_key_data* GcmSecret::expanded() const {
  bool made = false;
  gcm_key_data& key = places_here().of(id_, made);
  if (made) {
    routines_->expand(key_, key.expanded_keys);
    routines_->precompute(&key);
  }
  return &key;
}

}  // namespace ingress::tls
