#include "broker/wake/wake_message.h"

#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "common/tls/digest.h"

namespace ingress::broker {
namespace {

// RFC 3339, UTC.
std::string time_text(int64_t unix_seconds) {
  const auto seconds = static_cast<time_t>(unix_seconds);
  tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace

WakeMessage wake_message(std::string_view machine, std::string_view host, int64_t unix_now, std::string_view secret) {
  nlohmann::ordered_json object;
  object["event"] = "wake";
  object["machine"] = machine;
  object["host"] = host;
  object["time"] = time_text(unix_now);
  WakeMessage message;
  message.body = object.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
  message.timestamp = std::to_string(unix_now);
  message.signature = "sha256=" + tls::hmac_sha256_hex(secret, message.timestamp + "." + message.body);
  return message;
}

}  // namespace ingress::broker
