// The keys of policies' tokens: fetched from their URLs and kept for a while, or read from files of --secrets-dir.
// One of each loop. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/admission/jwt_check.h"
#include "broker/calls/web_caller.h"

namespace ingress::broker {

// The key in a file of --secrets-dir, read anew each time, less blanks and ends of lines around it; null where there is
// none, or nothing in it.
std::shared_ptr<const KeySet> read_secret_key(const std::string& folder, const std::string& name);

class KeyStore {
 public:
  // A set is asked for again after this; where that fails the old one is used on, until kGoodFor is over.
  static constexpr Duration kFreshFor{std::chrono::minutes(5)};
  static constexpr Duration kGoodFor{std::chrono::hours(24)};
  // No URL is asked more often: tokens with unknown keys may come by the thousand.
  static constexpr Duration kLeastBetween{10000};

  KeyStore(uv::Loop& loop, WebCaller& caller) : loop_(loop), caller_(caller) {}
  ~KeyStore();
  KeyStore(const KeyStore&) = delete;
  KeyStore& operator=(const KeyStore&) = delete;

  // The keys of a rule as they are known now; null where they have to be fetched, or cannot be had.
  std::shared_ptr<const KeySet> now(const JwtAuth& jwt);
  // Calls `then` once the rule's URL has been asked, or cannot be asked now; never from inside fetch(). 0 where there
  // is nothing to wait for.
  uint64_t fetch(const JwtAuth& jwt, std::function<void()> then);
  void forget(uint64_t waiting);

  void set(std::string secrets_folder, origin::TargetRule targets);

 private:
  struct Remote {
    std::shared_ptr<const KeySet> keys;
    Time fetched{};
    Time asked{};
    uint64_t call = 0;  // that is under way
    std::vector<std::pair<uint64_t, std::function<void()>>> waiting;
  };

  void ask(const http::WebUrl& url, Remote& remote);
  void came(const std::string& url, const WebAnswer& answer);

  uv::Loop& loop_;
  WebCaller& caller_;
  std::string secrets_folder_;
  origin::TargetRule targets_;
  std::unordered_map<std::string, Remote> remotes_;                      // by URL
  std::unordered_map<std::string, std::shared_ptr<const KeySet>> sets_;  // by the text of a policy's own set
  uint64_t next_ = 1;
};

}  // namespace ingress::broker
