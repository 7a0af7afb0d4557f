// The trie against a plain reading of the rule: every pattern is tried, the longest wins.
#include "broker/routing/wildcard_trie.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>
#include <tuple>

#include "broker/routing/host_name.h"

namespace ingress::broker {
namespace {

bool label_matches(std::string_view pattern, std::string_view label) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == label;
  return label.size() >= pattern.size() && label.starts_with(pattern.substr(0, star)) &&
         label.ends_with(pattern.substr(star + 1));
}

bool matches(std::string_view pattern, std::string_view host) {
  while (!pattern.empty() && !host.empty()) {
    if (pattern == "**") return true;
    if (!label_matches(last_label(pattern), last_label(host))) return false;
    pattern = before_last_label(pattern);
    host = before_last_label(host);
  }
  return pattern.empty() && host.empty();
}

// Smaller is longer.
std::tuple<int, int, bool, std::string> rank(const std::string& pattern) {
  int labels = 0;
  int bytes = 0;
  for (std::string_view rest = pattern; !rest.empty(); rest = before_last_label(rest)) {
    const std::string_view label = last_label(rest);
    const bool literal = label.find('*') == std::string_view::npos;
    if (literal) ++labels;
    if (label != "**") bytes += static_cast<int>(label.size()) - (literal ? 0 : 1);
  }
  return {-labels, -bytes, pattern.starts_with("**"), pattern};
}

std::string random_label(std::mt19937& random, bool wildcards) {
  static constexpr const char* kPatterns[] = {"a", "b", "ab", "ba", "abb", "*", "a*", "*b", "a*b", "ab*", "*", "b*"};
  return kPatterns[random() % (wildcards ? 12 : 5)];
}

std::string random_pattern(std::mt19937& random) {
  const size_t labels = random() % 4;
  std::string text = random() % 4 == 0 ? "**" : random_label(random, true);
  for (size_t i = 0; i < labels; ++i) text += "." + random_label(random, true);
  return text + (random() % 2 == 0 ? ".com" : ".b");
}

std::string random_host(std::mt19937& random) {
  const size_t labels = random() % 5;
  std::string text = random_label(random, false);
  for (size_t i = 0; i < labels; ++i) text += "." + random_label(random, false);
  return text + (random() % 2 == 0 ? ".com" : ".b");
}

TEST_CASE("the trie gives what trying every pattern gives, while patterns come and go") {
  RequestPath root;
  root.set("/");
  std::mt19937 random(7);
  WildcardTrie trie;
  std::map<std::string, std::unique_ptr<HostEntry>> entries;
  size_t found = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::string text = random_pattern(random);
    if (text.find('*') == std::string::npos) continue;
    if (const auto at = entries.find(text); at != entries.end()) {
      trie.erase(*at->second);
      entries.erase(at);
    } else if (entries.size() < 60) {
      auto entry = std::make_unique<HostEntry>();
      entry->pattern = text;
      trie.insert(*entry);
      entries.emplace(text, std::move(entry));
    }
    for (int i = 0; i < 5; ++i) {
      const std::string host = random_host(random);
      std::set<std::tuple<int, int, bool, std::string>> ranks;
      for (const auto& [pattern, entry] : entries) {
        if (matches(pattern, host)) ranks.insert(rank(pattern));
      }
      const HostEntry* best = trie.match(host, root, 0);
      CAPTURE(host);
      REQUIRE((best != nullptr) == !ranks.empty());
      if (best == nullptr) continue;
      ++found;
      REQUIRE(best->pattern == std::get<3>(*ranks.begin()));
    }
  }
  CHECK(found > 1000);
  for (const auto& [pattern, entry] : entries) trie.erase(*entry);
  CHECK(trie.match("a.com", root, 0) == nullptr);
}

}  // namespace
}  // namespace ingress::broker
