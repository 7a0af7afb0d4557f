// Why TransactionWriter refuses, as values. For its sources alone. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "broker/store/record_json.h"
#include "broker/store/record_rules.h"
#include "broker/store/store.h"
#include "common/base/in_quotes.h"

namespace ingress::broker {

inline tl::unexpected<StoreError> refuse(ErrorCode code, std::string sentence) {
  return tl::unexpected(
      StoreError{Error{code, Side::kClient, false, 0, "changing the route table"}, std::move(sentence)});
}
inline tl::unexpected<StoreError> conflict(std::string sentence) {
  return refuse(ErrorCode::kConflict, std::move(sentence));
}
// What stands in the way is `holder`'s; `neutral` is for others.
inline tl::unexpected<StoreError> conflict_with(std::string holder, std::string sentence, std::string neutral) {
  tl::unexpected<StoreError> refused = conflict(std::move(sentence));
  refused.value().holder = std::move(holder);
  refused.value().neutral = std::move(neutral);
  return refused;
}
inline tl::unexpected<StoreError> not_found(std::string_view noun, std::string_view name) {
  return refuse(ErrorCode::kNotFound, "there is no " + std::string(noun) + " " + in_quotes(name));
}
inline tl::unexpected<StoreError> exists_already(std::string_view noun, std::string_view name) {
  return conflict(std::string(noun) + " " + in_quotes(name) + " exists already");
}

template <class Record>
tl::expected<void, StoreError> check(Record& record) {
  std::string problem;
  const Status good = check_record(record, problem);
  if (good) return {};
  return tl::unexpected(StoreError{good.error(), std::move(problem)});
}

// For a row of `changes`.
template <class Record>
std::string json_or_nothing(const std::optional<Record>& record) {
  return record ? json_of(*record) : std::string();
}

}  // namespace ingress::broker
