// What holds for one request: the policies of its route, services, machine, projects and the broker, the nearest first,
// and before them what the operator enforces. Plain value; allocates nothing. The policies outlive it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "broker/policy/policy.h"

namespace ingress::broker {

// Values of one key that hold beside each other, the enforced one first.
template <class T, size_t kMost>
class Held {
 public:
  explicit operator bool() const { return count_ > 0; }
  const T* const* begin() const { return values_.data(); }
  const T* const* end() const { return values_.data() + count_; }
  size_t size() const { return count_; }
  void add(const T* value) { values_[count_++] = value; }

 private:
  std::array<const T*, kMost> values_{};
  size_t count_ = 0;
};

class EffectivePolicy {
 public:
  static constexpr size_t kMostLayers = 16;

  void clear();
  // What no policy below can loosen. null for nothing.
  void enforce(const Policy* policy);
  // Layers are added nearest first. Those added between two calls of next_level() are of one level: an `auth` of the
  // nearest level that sets one holds, and where several of that level set it, a request has to pass each. So it is
  // with `methods`, `ip_allow`, `ip_deny` and `max_body`.
  void next_level() {
    level_open_ = false;
    ++level_;
  }
  // One that is there already adds nothing.
  void add(const Policy* policy);

  http::HostMode host() const { return value(&Policy::host, http::HostMode::kRewrite); }
  http::OriginMode origin() const { return value(&Policy::origin, http::OriginMode::kPreserve); }
  OriginProtocol origin_protocol() const { return value(&Policy::origin_protocol, OriginProtocol::kHttp); }
  std::optional<Duration> park() const;
  // null where nothing sets it.
  const std::string* wake() const { return find(&Policy::wake); }
  const std::string* strip_prefix() const { return find(&Policy::strip_prefix); }
  const std::string* add_prefix() const { return find(&Policy::add_prefix); }
  const HeaderEdits* request_headers() const { return find(&Policy::request_headers); }
  const HeaderEdits* response_headers() const { return find(&Policy::response_headers); }
  SecurityHeaders security_headers() const { return value(&Policy::security_headers, SecurityHeaders::kOff); }
  TimeoutRule timeouts() const { return value(&Policy::timeouts, TimeoutRule()); }
  // null where nothing sets it.
  const HttpMode* http_mode() const { return find(&Policy::http_mode); }
  bool canonical() const { return value(&Policy::canonical, false); }
  CookieScope cookies() const { return value(&Policy::cookies, CookieScope::kIsolate); }
  bool root_path_field() const { return value(&Policy::root_path_field, false); }

  // Rules of which each holds: an enforced one, and those of the nearest level that sets the key.
  template <class T>
  using Each = Held<T, kMostLayers + 1>;
  Each<std::vector<std::string>> methods() const { return each(&Policy::methods); }
  Each<std::vector<AddressBlock>> ip_allow() const { return each(&Policy::ip_allow); }
  Each<std::vector<AddressBlock>> ip_deny() const { return each(&Policy::ip_deny); }
  Each<uint64_t> max_body() const { return each(&Policy::max_body); }
  // An enforced one and the nearest one.
  struct Rates {
    const RateRule* enforced = nullptr;
    const RateRule* nearest = nullptr;
    explicit operator bool() const { return enforced != nullptr || nearest != nullptr; }
  };
  Rates rate() const { return {enforced(&Policy::rate), nearest(&Policy::rate)}; }
  // Calls visit(policy) for each of them, the ones that nearer ones have overridden too.
  template <class Visit>
  void each_layer(Visit visit) const {
    if (enforced_ != nullptr) visit(*enforced_);
    for (size_t i = 0; i < count_; ++i) visit(*layers_[i]);
  }

  // The rules of which each has to let a request in; none where nothing says who may (then nobody may).
  std::span<const AuthRule* const> auths() const { return {auths_.data(), auth_count_}; }
  // What a project may use at once, whoever asks; each one holds.
  struct Quota {
    const RateRule* rule = nullptr;
    std::string_view project;
  };
  static constexpr size_t kMostQuotas = 16;
  std::span<const Quota> quotas() const { return {quotas_.data(), quota_count_}; }
  // Of more than kMostQuotas the first ones hold.
  void add_quota(const Quota& quota);

  // Everybody may come in, without a question.
  bool is_public() const;
  bool is_denied() const;
  // It is denied because there are more than kMostLayers.
  bool is_overfull() const { return overfull_; }
  // Nothing but what forwarding itself knows (host, origin, origin_protocol, park, wake) and `auth` is set, and no way
  // in tells the origin who asks.
  bool plain() const { return plain_; }
  // The same for the same policies, and hardly ever for others.
  size_t fingerprint() const;
  // "public", "basic and forward": for people.
  std::string auth_words() const;

 private:
  template <class T>
  const T* find(std::optional<T> Policy::*key) const {
    const T* const first = enforced(key);
    return first != nullptr ? first : nearest(key);
  }
  template <class T>
  const T* enforced(std::optional<T> Policy::*key) const {
    return enforced_ != nullptr && enforced_->*key ? &*(enforced_->*key) : nullptr;
  }
  template <class T>
  const T* nearest(std::optional<T> Policy::*key) const {
    for (size_t i = 0; i < count_; ++i) {
      if (layers_[i]->*key) return &*(layers_[i]->*key);
    }
    return nullptr;
  }
  template <class T>
  T value(std::optional<T> Policy::*key, T otherwise) const {
    const T* found = find(key);
    return found == nullptr ? otherwise : *found;
  }
  template <class T>
  Each<T> each(std::optional<T> Policy::*key) const {
    Each<T> held;
    if (const T* const first = enforced(key)) held.add(first);
    size_t i = 0;
    while (i < count_ && !(layers_[i]->*key)) ++i;
    for (const size_t nearest = i; i < count_ && levels_[i] == levels_[nearest]; ++i) {
      if (layers_[i]->*key) held.add(&*(layers_[i]->*key));
    }
    return held;
  }
  void add_auth(const AuthRule& rule);
  void look_at(const Policy& policy);

  const Policy* enforced_ = nullptr;
  // Of each array what is behind its count is never read, and so not cleared for each request.
  std::array<const Policy*, kMostLayers> layers_{};
  std::array<uint8_t, kMostLayers> levels_{};  // of each of them
  size_t count_ = 0;
  uint8_t level_ = 0;                                     // in hand
  std::array<const AuthRule*, kMostLayers + 1> auths_{};  // an enforced one first
  size_t auth_count_ = 0;
  std::array<Quota, kMostQuotas> quotas_{};
  size_t quota_count_ = 0;
  bool auth_set_ = false;    // by one that is not enforced
  bool level_open_ = false;  // the level in hand has set an auth
  bool overfull_ = false;    // nobody comes in
  bool plain_ = true;
};

}  // namespace ingress::broker
