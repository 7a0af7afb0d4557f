#include "common/http/error_answer.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "common/http/http1_writer.h"

namespace ingress::http {
namespace {

struct Words {
  ErrorCode code;
  std::string_view title;
  std::string_view message;
};

constexpr std::array kWords = std::to_array<Words>({
    {ErrorCode::kInvalidHost, "Invalid host", "The Host of this request is not a host name."},
    {ErrorCode::kInvalidPort, "Invalid port", "The host names a port that is none: 1 to 65535, or a service's name."},
    {ErrorCode::kInvalidProjectSlug, "Invalid project", "The host names a project whose name cannot exist."},
    {ErrorCode::kInvalidProxyTargetHost, "Invalid target", "X-Iterate-Proxy-Target-Host names no local port."},
    {ErrorCode::kMissingProxyTargetHost, "Missing target", "X-Iterate-Proxy-Target-Host is missing."},
    {ErrorCode::kBadRequest, "Bad request", "The request is malformed or ambiguous."},
    {ErrorCode::kMethodNotAllowed, "Method not allowed", "This method is not served."},
    {ErrorCode::kUnauthorized, "Unauthorized", "This needs a credential."},
    {ErrorCode::kForbidden, "Forbidden", "The policy of this host does not let this request in."},
    {ErrorCode::kRouteNotFound, "No such route", "No route leads from this host to a machine."},
    {ErrorCode::kProjectNotFound, "No such project", "No project has this name."},
    {ErrorCode::kMachineNotFound, "No such machine", "No machine has this id."},
    {ErrorCode::kServiceNotFound, "No such service", "The project has no service of this name."},
    {ErrorCode::kRouteExpired, "Expired", "This route has expired."},
    {ErrorCode::kMachineNotRoutable, "No machine", "The project has no machine attached, or the machine is archived."},
    {ErrorCode::kBodyTooLarge, "Too large", "The request's body is larger than the policy allows."},
    {ErrorCode::kRateLimited, "Too many requests", "Too many requests: try again shortly."},
    {ErrorCode::kHeaderTooLarge, "Header too large", "The request's header is too large."},
    {ErrorCode::kProxyError, "Nothing answers on this port",
     "The machine is up, but its port did not answer as it should."},
    {ErrorCode::kMachineUnavailable, "Machine unavailable", "The machine is not connected at the moment."},
    {ErrorCode::kMachineStarting, "Machine starting", "The machine is starting."},
    {ErrorCode::kOriginTimeout, "No answer in time", "The port took too long to answer."},
    {ErrorCode::kRequestTimeout, "Request timeout", "The request did not come in time."},
    {ErrorCode::kInternalError, "Internal error", "Something failed on our side."},
});

const Words& words_of(ErrorCode code) {
  for (const Words& words : kWords) {
    if (words.code == code) return words;
  }
  return kWords.back();
}

void append_json_text(std::string& out, std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      // Bytes of a header are of no known charset: each is shown as the code point of its number.
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  out.append(",\"").append(name).append("\":");
  append_json_text(out, text);
}

std::string json_body(std::string_view code, const Words& words, const ErrorDetails& details) {
  std::string body = "{\"error\":";
  append_json_text(body, code);
  append_member(body, "message", words.message);
  append_member(body, "reason", details.reason);
  append_member(body, "host", details.host);
  append_member(body, "machine", details.machine);
  if (details.port > 0) body.append(",\"port\":").append(std::to_string(details.port));
  append_member(body, "request_id", details.request_id);
  return body + "}\n";
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<uint8_t>(c) < 0x20 || static_cast<uint8_t>(c) >= 0x7f ? '?' : c;
    }
  }
}

void append_row(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  out.append("<dt>").append(name).append("</dt><dd>");
  append_escaped(out, text);
  out += "</dd>";
}

constexpr std::string_view kStyle =
    "<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:12vh auto;"
    "padding:0 1.5rem}h1{font-size:1.5rem;margin:0 0 .5rem}dl{display:grid;grid-template-columns:max-content 1fr;"
    "gap:.2rem 1rem;font:14px/1.5 ui-monospace,monospace;opacity:.8}dt{opacity:.7}dd{margin:0;overflow-wrap:anywhere}"
    "</style>";

// Asks the same URL again until something other than our own passing error answers, then shows that.
constexpr std::string_view kComeBack =
    "<p id=\"again\">This page comes back by itself.</p>"
    "<noscript><meta http-equiv=\"refresh\" content=\"3\"></noscript>"
    "<script>(function again(){setTimeout(function(){fetch(location.href,{cache:'no-store',redirect:'manual',"
    "headers:{Accept:'text/html'}}).then(function(r){if([502,503,504].indexOf(r.status)>=0&&"
    "r.headers.get('X-Iterate-Error')){again()}else{location.reload()}},again)},2000)})()</script>";

std::string html_body(int status, std::string_view code, const Words& words, const ErrorDetails& details) {
  const bool comes_back = status >= 502 && status <= 504;
  std::string body = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>";
  append_escaped(body, words.title);
  body.append("</title><meta name=\"viewport\" content=\"width=device-width\">")
      .append(kStyle)
      .append("</head><body><h1>");
  append_escaped(body, words.title);
  body += "</h1><p>";
  append_escaped(body, words.message);
  body += "</p><dl>";
  append_row(body, "status", std::to_string(status));
  append_row(body, "code", code);
  append_row(body, "host", details.host);
  append_row(body, "machine", details.machine);
  if (details.port > 0) append_row(body, "port", std::to_string(details.port));
  append_row(body, "reason", details.reason);
  append_row(body, "request", details.request_id);
  body += "</dl>";
  if (comes_back) body += kComeBack;
  return body + "</body></html>\n";
}

// Weight of one element of Accept, 1 where it says none (RFC 9110, 12.4.2).
double weight_of(std::string_view element) {
  const size_t at = element.find(";q=");
  if (at == std::string_view::npos) return 1;
  return std::strtod(std::string(element.substr(at + 3, 6)).c_str(), nullptr);
}

std::string without_spaces(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c != ' ' && c != '\t') result += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  return result;
}

bool prefers_html(std::string_view accept) {
  const std::string list = without_spaces(accept);
  std::string_view rest = list;
  double html = 0;
  double json = 0;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view element = rest.substr(0, comma);
    const std::string_view type = element.substr(0, element.find(';'));
    if (type == "text/html" || type == "application/xhtml+xml") html = std::max(html, weight_of(element));
    if (type == "application/json") json = std::max(json, weight_of(element));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  return html > json;
}

}  // namespace

ErrorAnswer error_answer(const Error& error, const ErrorDetails& details, std::string_view accept) {
  const Error shown = public_error(error);
  const Words& words = words_of(shown.code);
  ErrorAnswer answer;
  answer.status = status_of(error);
  if (answer.status == 503 || answer.status == 429) answer.retry_after_seconds = 2;
  if (answer.status == 502 || answer.status == 504) answer.retry_after_seconds = 1;
  if (prefers_html(accept)) {
    answer.content_type = "text/html; charset=utf-8";
    answer.body = html_body(answer.status, name_of(shown.code), words, details);
  } else {
    answer.content_type = "application/json";
    answer.body = json_body(name_of(shown.code), words, details);
  }
  return answer;
}

}  // namespace ingress::http
