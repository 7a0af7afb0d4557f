#include "broker/admin/json_object.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace ingress::broker::admin {

void append_json_text(std::string& out, std::string_view text) {
  out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void JsonObject::name(std::string_view name) {
  if (out_.size() > 1) out_ += ',';
  append_json_text(out_, name);
  out_ += ':';
}

void JsonObject::text(std::string_view member, std::string_view value) {
  name(member);
  append_json_text(out_, value);
}

void JsonObject::text_or_null(std::string_view member, std::string_view value) {
  if (value.empty()) return null(member);
  text(member, value);
}

void JsonObject::number(std::string_view member, int64_t value) { raw(member, std::to_string(value)); }

void JsonObject::fraction(std::string_view member, double value) {
  std::array<char, 32> digits{};
  const int size = std::snprintf(digits.data(), digits.size(), "%.3f", std::isfinite(value) ? value : 0.0);
  raw(member, std::string_view(digits.data(), static_cast<size_t>(size)));
}

void JsonObject::boolean(std::string_view member, bool value) { raw(member, value ? "true" : "false"); }

void JsonObject::texts(std::string_view member, const std::vector<std::string>& values) {
  JsonArray array;
  for (const std::string& value : values) {
    std::string text;
    append_json_text(text, value);
    array.add(text);
  }
  raw(member, std::move(array).take());
}

void JsonObject::raw(std::string_view member, std::string_view json) {
  name(member);
  out_ += json;
}

void JsonArray::add(std::string_view json) {
  if (out_.size() > 1) out_ += ',';
  out_ += json;
}

std::string time_text(int64_t unix_seconds) {
  const auto time = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  if (gmtime_r(&time, &parts) == nullptr) return "1970-01-01T00:00:00Z";
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string time_text_ms(int64_t unix_milliseconds) {
  constexpr int64_t kPerSecond = 1000;
  int64_t seconds = unix_milliseconds / kPerSecond;
  int64_t rest = unix_milliseconds % kPerSecond;
  if (rest < 0) {
    rest += kPerSecond;
    --seconds;
  }
  std::string text = time_text(seconds);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(rest));
  text.replace(text.size() - 1, 1, fraction.data());
  return text;
}

namespace {

// "2025-01-31T12:00:00Z" of "2025-01-31T12:00:00.123Z".
std::string without_milliseconds(const std::string& text) {
  constexpr size_t kSize = std::string_view(".123Z").size();
  const size_t point = text.find('.');
  const bool has_them = point != std::string::npos && text.size() - point == kSize &&
                        text.find_first_not_of("0123456789", point + 1) == text.size() - 1;
  return has_them ? text.substr(0, point) + text.back() : text;
}

}  // namespace

std::optional<int64_t> time_of(const std::string& said) {
  const std::string text = without_milliseconds(said);
  std::tm parts{};
  const char* const end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  // What is no day, or no second, would be the one behind it.
  const int64_t time = ::timegm(&parts);
  return time_text(time) == text ? std::optional(time) : std::nullopt;
}

}  // namespace ingress::broker::admin
