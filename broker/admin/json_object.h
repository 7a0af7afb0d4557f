// Writes JSON text, members in the order in which they are said. Pure; no tree is built, and bytes that are no UTF-8
// are replaced.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ingress::broker::admin {

void append_json_text(std::string& out, std::string_view text);

class JsonObject {
 public:
  JsonObject() : out_("{") {}

  void text(std::string_view name, std::string_view value);
  // null for "".
  void text_or_null(std::string_view name, std::string_view value);
  void number(std::string_view name, int64_t value);
  void fraction(std::string_view name, double value);
  void boolean(std::string_view name, bool value);
  void null(std::string_view name) { raw(name, "null"); }
  void texts(std::string_view name, const std::vector<std::string>& values);
  // `json` is a JSON value already.
  void raw(std::string_view name, std::string_view json);

  // The object so far, as a whole.
  std::string closed() const { return out_ + "}"; }
  std::string take() && {
    out_ += '}';
    return std::move(out_);
  }

 private:
  void name(std::string_view name);
  std::string out_;
};

// "[a,b]" of JSON values.
class JsonArray {
 public:
  JsonArray() : out_("[") {}
  void add(std::string_view json);
  std::string take() && {
    out_ += ']';
    return std::move(out_);
  }

 private:
  std::string out_;
};

// RFC 3339 in UTC: "2025-01-31T12:00:00Z", with milliseconds by the second.
std::string time_text(int64_t unix_seconds);
std::string time_text_ms(int64_t unix_milliseconds);
// Unix seconds of either form, the milliseconds dropped; nullopt for any other text.
std::optional<int64_t> time_of(const std::string& said);

}  // namespace ingress::broker::admin
