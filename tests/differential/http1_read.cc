// What our reader makes of raw requests, as JSON: one line for each file that is named, or for standard input.
// --table prints the table of the unit tests instead: a name and the raw bytes, in hexadecimal, a line.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "tests/unit/common/http/raw_requests.h"
#include "tests/unit/common/http/transcript.h"

namespace ingress::http::test {
namespace {

// Bytes as code points of the same numbers.
std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    char escaped[8];
    std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned>(static_cast<uint8_t>(c)));
    out += escaped;
  }
  return out + '"';
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", static_cast<unsigned>(static_cast<uint8_t>(c)));
    out += digits;
  }
  return out;
}

// The requests that a server would have answered: none behind one after which the connection closes.
void print_requests(const std::string& name, const std::string& raw) {
  Transcript seen = read_requests(raw, whole);
  std::string requests;
  for (const Message& message : seen.messages) {
    if (!message.complete) break;
    requests += (requests.empty() ? "" : ",") + std::string("{\"method\":") + json_text(message.method) +
                ",\"target\":" + json_text(message.target) + ",\"body_bytes\":" + std::to_string(message.body.size()) +
                "}";
    if (message.keep_alive) continue;
    seen.error.clear();
    break;
  }
  std::cout << "{\"name\":" << json_text(name) << ",\"requests\":[" << requests
            << "],\"error\":" << json_text(seen.error) << "}\n";
}

std::string all_of(std::istream& in) { return {std::istreambuf_iterator<char>(in), {}}; }

}  // namespace
}  // namespace ingress::http::test

int main(int argc, char** argv) {
  using namespace ingress::http::test;
  if (argc == 2 && std::string_view(argv[1]) == "--table") {
    for (const RawRequest& raw : raw_requests()) {
      std::cout << "{\"name\":" << json_text(raw.name) << ",\"raw\":\"" << hex(raw.raw) << "\"}\n";
    }
    return 0;
  }
  if (argc == 1) print_requests("", all_of(std::cin));
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::cerr << argv[i] << ": cannot be read\n";
      return 1;
    }
    print_requests(argv[i], all_of(file));
  }
  return 0;
}
