#include "common/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstring>
#include <system_error>

namespace ingress {
namespace {

LogFormat g_format = LogFormat::kText;
LogLevel g_least = LogLevel::kInfo;

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto created = std::make_shared<spdlog::logger>("ingress", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    created->set_level(spdlog::level::debug);
    created->flush_on(spdlog::level::debug);
    created->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc);
    return created;
  }();
  return *instance;
}

std::string_view word_of(LogLevel level) {
  constexpr std::string_view kWords[] = {"debug", "info", "warn", "error"};
  return kWords[static_cast<size_t>(level)];
}

void append_json(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
      out += escaped;
    } else {
      out += c;
    }
  }
  out += '"';
}

bool plain(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '\\' || c == '=') return false;
  }
  return !text.empty();
}

std::string text_line(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  std::string line(word_of(level));
  line.append(" ").append(event);
  for (const LogField& field : fields) {
    line.append(" ").append(field.name).append("=");
    if (plain(field.value)) {
      line += field.value;
    } else {
      append_json(line, field.value);
    }
  }
  return line;
}

std::string json_line(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  std::string line = "\"level\":";
  append_json(line, word_of(level));
  line += ",\"event\":";
  append_json(line, event);
  for (const LogField& field : fields) {
    line += ',';
    append_json(line, field.name);
    line += ':';
    append_json(line, field.value);
  }
  return line + '}';
}

}  // namespace

void log_setup(LogFormat format, LogLevel least) {
  g_format = format;
  g_least = least;
  if (format == LogFormat::kJson) {
    logger().set_pattern("{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",%v", spdlog::pattern_time_type::utc);
  }
}

bool log_enabled(LogLevel level) { return level >= g_least; }

Result<LogLevel> parse_log_level(std::string_view word) {
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (word == word_of(level)) return level;
  }
  return fail(ErrorCode::kInvalidArgument, Side::kInternal, "log level is debug, info, warn or error");
}

Result<LogFormat> parse_log_format(std::string_view word) {
  if (word == "text") return LogFormat::kText;
  if (word == "json") return LogFormat::kJson;
  return fail(ErrorCode::kInvalidArgument, Side::kInternal, "log format is text or json");
}

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!log_enabled(level)) return;
  const std::string line =
      g_format == LogFormat::kJson ? json_line(level, event, fields) : text_line(level, event, fields);
  logger().log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

std::string describe(const Error& error) {
  std::string text(name_of(error.side));
  text.append(": ").append(name_of(error.code));
  if (error.context[0] != '\0') text.append(": ").append(error.context);
  if (error.code == ErrorCode::kHttp2Reset) return text.append(" (code ").append(std::to_string(error.sys_errno)) + ")";
  if (error.sys_errno != 0) text.append(" (").append(std::generic_category().message(error.sys_errno)).append(")");
  return text;
}

}  // namespace ingress
