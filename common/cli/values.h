// Values of settings, read from text. A refusal is a sentence for people that names what would be good.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "common/base/clock.h"

namespace ingress::cli {

template <class T>
using Parsed = tl::expected<T, std::string>;

// "500ms", "10s", "5m", "12h", "7d"; a bare "0" too.
Parsed<Duration> parse_duration(std::string_view text);
// The shortest exact spelling of the same forms.
std::string duration_text(Duration duration);

// Bytes: "4096", "64k", "16m", "2g", with an optional "b" or "ib" behind the letter; powers of 1024.
Parsed<uint64_t> parse_size(std::string_view text);

// Decimal, sign allowed, nothing around it.
Parsed<long long> parse_integer(std::string_view text);
// true/false, yes/no, on/off, 1/0.
Parsed<bool> parse_bool(std::string_view text);

inline constexpr size_t kNotNear = static_cast<size_t>(-1);
// Edits (insert, remove, replace) that turn `text` into `candidate`: 0 also where `text` is its beginning, kNotNear
// where they are too many for a typo.
size_t typo_distance(std::string_view text, std::string_view candidate);

// The candidate that `text` was probably meant to be; "" where none is near.
template <class Candidates>
std::string_view nearest(std::string_view text, const Candidates& candidates) {
  std::string_view best;
  size_t best_distance = kNotNear;
  for (const auto& candidate : candidates) {
    const size_t distance = typo_distance(text, candidate);
    if (distance >= best_distance) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

}  // namespace ingress::cli
