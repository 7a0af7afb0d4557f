// What the readers of policy keys share. Private to broker/policy.
#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/policy/policy.h"

namespace ingress::broker {

// What a kept password or token begins with.
inline constexpr std::string_view kHashScheme = "sha256:";

// One key's value on its way into a policy; the first thing that is wrong becomes the problem's sentence.
struct KeyReading {
  std::string_view key;
  const nlohmann::json& value;
  std::string& problem;
  // It was taken by an earlier version, which took a little more: nothing of it is refused now that was not then.
  bool kept = false;

  Status refuse(std::string_view sentence) const;
  // "cannot be "x": it is one of a, b".
  Status refuse_word(std::string_view word, std::string_view known) const;
  // null, with the problem said, where the value is no string.
  const std::string* word(Status& status) const;
  // Of an object's member, named "key.member".
  template <class Read>
  Status member(const std::string& name, const nlohmann::json& inner, Read read) const {
    const std::string path = std::string(key) + "." + name;
    return read(KeyReading{path, inner, problem, kept});
  }
};

Status read_words(const KeyReading& in, std::vector<std::string>& out);
Status read_auth(const KeyReading& in, AuthRule& rule);
// Into the bundle of keys that fill what the policy leaves open.
Status read_profile(const KeyReading& in, Policy& bundle);

template <class T>
struct Word {
  std::string_view name;
  T value;
};

template <class T, size_t N>
Status read_word(const KeyReading& in, const std::array<Word<T>, N>& words, std::optional<T>& out) {
  Status status;
  const std::string* said = in.word(status);
  if (said == nullptr) return status;
  std::string known;
  for (const Word<T>& word : words) {
    if (word.name == *said) {
      out = word.value;
      return {};
    }
    known += (known.empty() ? "" : ", ") + std::string(word.name);
  }
  return in.refuse_word(*said, known);
}

inline constexpr auto kHostWords = std::to_array<Word<http::HostMode>>(
    {{"rewrite", http::HostMode::kRewrite}, {"preserve", http::HostMode::kPreserve}});
inline constexpr auto kOriginWords = std::to_array<Word<http::OriginMode>>(
    {{"rewrite", http::OriginMode::kRewrite}, {"preserve", http::OriginMode::kPreserve}});
inline constexpr auto kProtocolWords = std::to_array<Word<OriginProtocol>>(
    {{"http", OriginProtocol::kHttp}, {"h2c", OriginProtocol::kH2c}, {"https", OriginProtocol::kHttps}});

}  // namespace ingress::broker
