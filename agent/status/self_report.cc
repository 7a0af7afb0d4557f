#include "agent/status/self_report.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "common/http/escape.h"

namespace ingress::agent {
namespace {

std::string time_text(int64_t unix_seconds) {
  const auto time = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string json_text(std::string_view text) {
  std::string json;
  http::append_json_string(json, text);
  return json;
}

std::string text_or_null(const std::string& text) { return text.empty() ? "null" : json_text(text); }
std::string time_or_null(int64_t unix_seconds) {
  return unix_seconds == 0 ? "null" : json_text(time_text(unix_seconds));
}
std::string number_or_null(int64_t number) { return number == 0 ? "null" : std::to_string(number); }
const char* word_of(bool value) { return value ? "true" : "false"; }

template <class Rows, class Show>
std::string array_of(const Rows& rows, Show show) {
  std::string json;
  for (const auto& row : rows) json += (json.empty() ? "" : ",") + show(row);
  return "[" + json + "]";
}

std::string json_of_connection(const SelfReport::Connection& connection) {
  return "{\"slot\":" + std::to_string(connection.slot) + ",\"up\":" + word_of(connection.up) +
         ",\"address\":" + text_or_null(connection.address) + ",\"since\":" + time_or_null(connection.since) +
         ",\"roundTripMs\":" + number_or_null(connection.round_trip_ms) + "}";
}

std::string json_of_port(const SelfReport::Port& port) {
  return "{\"port\":" + std::to_string(port.number) + ",\"process\":" + text_or_null(port.process) +
         ",\"public\":" + word_of(port.is_public) + ",\"urls\":" + array_of(port.urls, json_text) + "}";
}

std::string json_of_error(const SeenError& error) {
  return "{\"at\":" + json_text(time_text(error.at)) + ",\"code\":" + json_text(error.code) +
         ",\"message\":" + json_text(error.sentence) + ",\"times\":" + std::to_string(error.times) + "}";
}

std::string tunnel_line(const SelfReport& report) {
  const auto up = std::count_if(report.connections.begin(), report.connections.end(),
                                [](const SelfReport::Connection& each) { return each.up; });
  std::string line = "tunnel   ";
  if (report.since == 0) return line + "down; the broker is " + report.broker + "\n";
  line += "up since " + time_text(report.since) + ", " + std::to_string(up) + " of " +
          std::to_string(report.connections.size()) + ", to " + report.broker;
  int64_t shortest = 0;
  for (const SelfReport::Connection& each : report.connections) {
    if (each.round_trip_ms > 0 && (shortest == 0 || each.round_trip_ms < shortest)) shortest = each.round_trip_ms;
  }
  return line + (shortest > 0 ? ", " + std::to_string(shortest) + " ms\n" : "\n");
}

std::string port_lines(const SelfReport::Port& port) {
  constexpr size_t kIndent = 9;
  std::string text = std::to_string(port.number);
  text.append(kIndent - std::min(kIndent - 1, text.size()), ' ');
  text += port.process.empty() ? "?" : port.process;
  if (!port.is_public) text += ", not public";
  text += "\n";
  for (const std::string& url : port.urls) text.append(kIndent, ' ').append(url).append("\n");
  return text;
}

std::string error_line(const SeenError& error) {
  std::string line = time_text(error.at) + "  " + error.code + "  " + error.sentence;
  if (error.times > 1) line += " (" + std::to_string(error.times) + " times)";
  return http::utf8_or_ascii(line) + "\n";
}

}  // namespace

std::string json_of(const SelfReport& report) {
  return "{\"machine\":" + json_text(report.machine) + ",\"agentVersion\":" + json_text(report.agent_version) +
         ",\"tunnel\":{\"connected\":" + word_of(report.since != 0) + ",\"broker\":" + json_text(report.broker) +
         ",\"brokerId\":" + text_or_null(report.broker_id) + ",\"since\":" + time_or_null(report.since) +
         ",\"connections\":" + array_of(report.connections, json_of_connection) + "},\"told\":" + word_of(report.told) +
         ",\"ports\":" + array_of(report.ports, json_of_port) + ",\"morePorts\":" + word_of(report.more_ports) +
         ",\"errors\":" + array_of(report.errors, json_of_error) + "}\n";
}

std::string text_of(const SelfReport& report) {
  std::string text =
      "machine  " + report.machine + ", ingress-agent " + report.agent_version + "\n" + tunnel_line(report);
  if (!report.told) text += "         the broker has not told which hosts lead here\n";
  text += "\n";
  if (report.ports.empty()) text += "no port listens\n";
  for (const SelfReport::Port& port : report.ports) text += port_lines(port);
  if (report.more_ports) text += "and more\n";
  if (!report.errors.empty()) text += "\n";
  for (const SeenError& error : report.errors) text += error_line(error);
  return text;
}

}  // namespace ingress::agent
