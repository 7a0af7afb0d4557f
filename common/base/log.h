// Process log: one line an event on stderr, text or JSON. Fields are names and values; secrets are never passed in.
// Thread: any.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace ingress {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarn, kError };
enum class LogFormat : uint8_t { kText, kJson };

struct LogField {
  std::string_view name;
  std::string value;

  LogField(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  LogField(std::string_view field_name, const char* text) : name(field_name), value(text) {}
  LogField(std::string_view field_name, const std::string& text) : name(field_name), value(text) {}
  LogField(std::string_view field_name, long long number) : name(field_name), value(std::to_string(number)) {}
  LogField(std::string_view field_name, int number) : name(field_name), value(std::to_string(number)) {}
  LogField(std::string_view field_name, unsigned long number) : name(field_name), value(std::to_string(number)) {}
  LogField(std::string_view field_name, unsigned number) : name(field_name), value(std::to_string(number)) {}
};

void log_setup(LogFormat format, LogLevel least);
bool log_enabled(LogLevel level);
// "info", "warn"…; kInvalidArgument for other words.
Result<LogLevel> parse_log_level(std::string_view word);
Result<LogFormat> parse_log_format(std::string_view word);

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});
inline void log_debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
  if (log_enabled(LogLevel::kDebug)) log(LogLevel::kDebug, event, fields);
}
inline void log_info(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kInfo, event, fields);
}
inline void log_warn(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kWarn, event, fields);
}
inline void log_error(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kError, event, fields);
}

// "tunnel: reset (ECONNRESET) while reading": for the `error` field of a log line.
std::string describe(const Error& error);

}  // namespace ingress
