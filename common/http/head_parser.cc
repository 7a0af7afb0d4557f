#include "common/http/head_parser.h"

#include <llhttp.h>

#include <utility>

namespace ingress::http {
namespace {

constexpr size_t kSpareFields = 8;
constexpr size_t kLargestSpare = 64;

struct Collector {
  Fields* fields = nullptr;
  size_t most = 0;
  bool too_many = false;
};

int on_name(llhttp_t* parser, const char* at, size_t size) {
  auto& collector = *static_cast<Collector*>(parser->data);
  if (collector.fields->size() == collector.most) {
    collector.too_many = true;
    return HPE_USER;
  }
  collector.fields->push_back({{at, size}, {}});
  return HPE_OK;
}

int on_value(llhttp_t* parser, const char* at, size_t size) {
  static_cast<Collector*>(parser->data)->fields->back().value = {at, size};
  return HPE_OK;
}

int on_headers_complete(llhttp_t*) { return HPE_PAUSED; }

const llhttp_settings_t& settings() {
  static const llhttp_settings_t instance = [] {
    llhttp_settings_t created;
    llhttp_settings_init(&created);
    created.on_header_field = on_name;
    created.on_header_value = on_value;
    created.on_headers_complete = on_headers_complete;
    return created;
  }();
  return instance;
}

std::string_view trim_end(std::string_view value) {
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  return value;
}

std::vector<Fields>& spare_fields() {
  thread_local std::vector<Fields> spare;
  return spare;
}

}  // namespace

// The first line was read by parse_request_line, which knows methods that llhttp does not; llhttp gets a stand-in for
// it.
ParseResult parse_field_lines(std::string_view block, uint8_t minor_version, size_t most, Fields& fields) {
  constexpr std::string_view kLines[] = {"GET / HTTP/1.0\r\n", "GET / HTTP/1.1\r\n"};
  thread_local llhttp_t parser;
  Collector collector{&fields, most, false};
  llhttp_init(&parser, HTTP_REQUEST, &settings());
  parser.data = &collector;
  const std::string_view line = kLines[minor_version];
  if (llhttp_execute(&parser, line.data(), line.size()) != HPE_OK) return ParseResult::kMalformed;
  const llhttp_errno_t result = llhttp_execute(&parser, block.data(), block.size());
  if (collector.too_many) return ParseResult::kTooMany;
  if (result != HPE_PAUSED && result != HPE_PAUSED_UPGRADE) return ParseResult::kMalformed;
  for (Field& field : fields) field.value = trim_end(field.value);
  return ParseResult::kGood;
}

Fields take_spare_fields() {
  std::vector<Fields>& spare = spare_fields();
  if (spare.empty()) return {};
  Fields fields = std::move(spare.back());
  spare.pop_back();
  return fields;
}

void give_spare_fields(Fields& fields) {
  if (fields.capacity() == 0) return;
  std::vector<Fields>& spare = spare_fields();
  if (spare.size() < kSpareFields && fields.capacity() <= kLargestSpare) {
    fields.clear();
    spare.push_back(std::move(fields));
  }
  fields = Fields();
}

}  // namespace ingress::http
