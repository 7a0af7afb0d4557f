#include "broker/admission/key_store.h"

#include <utility>

#include "common/base/log.h"
#include "common/cli/secret.h"

namespace ingress::broker {
namespace {

constexpr size_t kMostKeyBytes = size_t{256} * 1024;
constexpr size_t kMostKept = 1000;

std::string name_of_url(const http::WebUrl& url) {
  return (url.tls ? "https://" : "http://") + url.authority + url.target;
}

}  // namespace

KeyStore::~KeyStore() {
  for (auto& [url, remote] : remotes_) {
    if (remote.call != 0) caller_.cancel(remote.call);
  }
}

void KeyStore::set(std::string secrets_folder, origin::TargetRule targets) {
  secrets_folder_ = std::move(secrets_folder);
  targets_ = std::move(targets);
}

std::shared_ptr<const KeySet> read_secret_key(const std::string& folder, const std::string& name) {
  if (folder.empty()) return nullptr;
  const cli::Parsed<std::string> secret = cli::read_secret_file(folder + "/" + name);
  return secret ? KeySet::of_secret(*secret) : nullptr;
}

std::shared_ptr<const KeySet> KeyStore::now(const JwtAuth& jwt) {
  if (!jwt.secret.empty()) return read_secret_key(secrets_folder_, jwt.secret);
  if (!jwt.jwks.empty()) {
    if (sets_.size() > kMostKept) sets_.clear();
    std::shared_ptr<const KeySet>& set = sets_[jwt.jwks];
    if (set == nullptr) set = KeySet::of_jwks(jwt.jwks);
    return set;
  }
  const auto found = remotes_.find(name_of_url(*jwt.jwks_url));
  if (found == remotes_.end() || found->second.keys == nullptr) return nullptr;
  Remote& remote = found->second;
  if (loop_.now() >= remote.fetched + kFreshFor) ask(*jwt.jwks_url, remote);
  return loop_.now() < remote.fetched + kGoodFor ? remote.keys : nullptr;
}

uint64_t KeyStore::fetch(const JwtAuth& jwt, std::function<void()> then) {
  if (jwt.jwks_url == nullptr) return 0;
  if (remotes_.size() > kMostKept) std::erase_if(remotes_, [](const auto& each) { return each.second.call == 0; });
  Remote& remote = remotes_[name_of_url(*jwt.jwks_url)];
  ask(*jwt.jwks_url, remote);
  if (remote.call == 0) return 0;
  remote.waiting.emplace_back(next_, std::move(then));
  return next_++;
}

void KeyStore::forget(uint64_t waiting) {
  for (auto& [url, remote] : remotes_) {
    std::erase_if(remote.waiting, [waiting](const auto& each) { return each.first == waiting; });
  }
}

void KeyStore::ask(const http::WebUrl& url, Remote& remote) {
  const bool asked_lately = remote.asked != Time{} && loop_.now() < remote.asked + kLeastBetween;
  if (remote.call != 0 || asked_lately) return;
  remote.asked = loop_.now();
  WebRequest request;
  request.url = url;
  request.fields = {{"User-Agent", "ingress-broker"}, {"Accept", "application/json"}};
  request.most_body_bytes = kMostKeyBytes;
  remote.call = caller_.begin(std::move(request), targets_,
                              [this, name = name_of_url(url)](const WebAnswer& answer) { came(name, answer); });
}

void KeyStore::came(const std::string& url, const WebAnswer& answer) {
  Remote& remote = remotes_[url];
  remote.call = 0;
  std::shared_ptr<const KeySet> keys = answer.good() ? KeySet::of_jwks(answer.body) : nullptr;
  if (keys != nullptr) {
    remote.keys = std::move(keys);
    remote.fetched = loop_.now();
  } else {
    log_warn("keys_failed", {{"url", url}, {"status", answer.status}, {"problem", answer.problem}});
  }
  for (const auto& [id, then] : std::exchange(remote.waiting, {})) then();
}

}  // namespace ingress::broker
