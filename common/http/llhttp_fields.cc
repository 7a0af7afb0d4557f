// The fields of a section as llhttp reads them.
#include <llhttp.h>

#include <algorithm>

#include "common/base/trim.h"
#include "common/http/field_section.h"

namespace ingress::http {
namespace {

// What llhttp's callbacks fill. A name or a value may come in pieces, which lie one behind the other.
struct Collector {
  Fields& out;
  bool in_name = false;
  bool whole = false;
};

Collector& collector(llhttp_t* parser) { return *static_cast<Collector*>(parser->data); }

void extend(std::string_view& text, const char* at, size_t size) {
  if (text.empty()) {
    text = {at, size};
  } else {
    text = {text.data(), static_cast<size_t>(at + size - text.data())};
  }
}

int on_name(llhttp_t* parser, const char* at, size_t size) {
  Collector& to = collector(parser);
  if (!to.in_name) to.out.emplace_back();
  to.in_name = true;
  extend(to.out.back().name, at, size);
  return 0;
}

int on_value(llhttp_t* parser, const char* at, size_t size) {
  Collector& to = collector(parser);
  to.in_name = false;
  extend(to.out.back().value, at, size);
  return 0;
}

int on_value_complete(llhttp_t* parser) {
  Collector& to = collector(parser);
  to.in_name = false;
  to.out.back().value = trim_blanks(to.out.back().value);
  return 0;
}

int on_headers_complete(llhttp_t* parser) {
  collector(parser).whole = true;
  return HPE_PAUSED;
}

llhttp_settings_t make_settings() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_header_field = on_name;
  settings.on_header_value = on_value;
  settings.on_header_value_complete = on_value_complete;
  settings.on_headers_complete = on_headers_complete;
  return settings;
}

const llhttp_settings_t* settings_of_parsers() {
  static const llhttp_settings_t settings = make_settings();
  return &settings;
}

// A parser that has read its first line. Ours reads the real one (llhttp knows a fixed list of methods only; a proxy
// passes any), so that every section can begin from a copy of this.
llhttp_t make_parser(llhttp_type_t type, std::string_view line) {
  llhttp_t parser;
  llhttp_init(&parser, type, settings_of_parsers());
  llhttp_execute(&parser, line.data(), line.size());
  return parser;
}

const llhttp_t& begun_parser(Sender sender) {
  static const llhttp_t request = make_parser(HTTP_REQUEST, "GET / HTTP/1.1\r\n");
  static const llhttp_t response = make_parser(HTTP_RESPONSE, "HTTP/1.1 200 OK\r\n");
  return sender == Sender::kClient ? request : response;
}

}  // namespace

bool is_confirmed(std::string_view section, Sender sender, const Fields& fields) {
  Fields read;
  lend_fields(read);
  Collector to{read};
  llhttp_t parser = begun_parser(sender);
  parser.data = &to;
  const llhttp_errno_t result = llhttp_execute(&parser, section.data(), section.size());
  const bool same = std::equal(read.begin(), read.end(), fields.begin(), fields.end(),
                               [](const Field& a, const Field& b) { return a.name == b.name && a.value == b.value; });
  give_back_fields(read);
  return result == HPE_PAUSED && to.whole && same;
}

}  // namespace ingress::http
