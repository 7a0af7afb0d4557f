// Sessions of browsers: who logged in by which token, and until when. A session has two secrets of 256 random bits: the
// cookie, which a browser sends by itself, and the key, which only the page that logged in can say (all ports of a host
// share their cookies; the storage of a page is its own). Hashes of them are all that is kept, in this process alone: a
// key begins with what tells its process from others. Pure.
// Times are Unix seconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ingress::broker::admin {

// A token, as it was shown: its id, where it is an access token, and the SHA-256 of its secret.
struct ShownToken {
  std::string id;
  std::string digest;
};

struct Session {
  ShownToken by;
  std::string key_digest;
  int64_t expires_at = 0;
};

class Sessions {
 public:
  // Of one token, and of all. Beyond, the one that ends first goes, of that token where it has too many.
  static constexpr size_t kMostOfOne = 20;
  static constexpr size_t kMost = 1000;

  explicit Sessions(int64_t lifetime_seconds);

  struct Opened {
    std::string cookie;
    std::string key;
    int64_t expires_at = 0;
  };
  Opened open(ShownToken by, int64_t now);
  // The session's id; "" where there is none, its time is over, or the key is another one's.
  std::string find(std::string_view cookie, std::string_view key, int64_t now) const;
  // Null where it is over. Valid until the next open() or close().
  const Session* at(const std::string& id, int64_t now) const;
  void close(const std::string& id) { sessions_.erase(id); }
  // Whether a key is not this process's: one from before a restart.
  bool is_of_another(std::string_view key) const { return !key.starts_with(mark_); }
  int64_t lifetime() const { return lifetime_; }

 private:
  void make_room(const ShownToken& by, int64_t now);

  const std::string mark_;
  int64_t lifetime_;
  std::unordered_map<std::string, Session> sessions_;  // by the cookie's SHA-256
};

}  // namespace ingress::broker::admin
