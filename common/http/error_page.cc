#include "common/http/error_page.h"

#include <algorithm>

#include "common/http/error_words.h"
#include "common/http/escape.h"
#include "common/http/http1_writer.h"

namespace ingress::http {
namespace {

constexpr std::string_view kStyle = R"(<style>
:root{color-scheme:light dark;--ground:#fff;--text:#1d1d1f;--faint:#6e6e73;--line:#d2d2d7}
@media(prefers-color-scheme:dark){:root{--ground:#161617;--text:#f5f5f7;--faint:#a1a1a6;--line:#424245}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--ground);color:var(--text);
font:16px/1.5 system-ui,sans-serif}
main{max-width:34rem;padding:2rem}
h1{margin:0 0 .5rem;font-size:1.5rem;font-weight:600}
h1 small{color:var(--faint);font-weight:400}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:1.5rem 0 0;padding-top:1rem;
border-top:1px solid var(--line);font-size:.875rem}
dt{color:var(--faint)}
dd{margin:0;font-family:ui-monospace,monospace;overflow-wrap:anywhere}
</style>
)";

// The header is set on every error of ours: an origin's own 503 is the app, and is shown.
constexpr std::string_view kComeBack = R"(<p>This page comes back by itself.</p>
<script>
(function look(){setTimeout(function(){
fetch(location.href,{cache:"no-store",redirect:"manual",headers:{Accept:"text/html"}}).then(function(answer){
if(answer.body)answer.body.cancel();
if([502,503,504].indexOf(answer.status)>=0&&answer.headers.has("X-Iterate-Error"))look();else location.reload();
},look)},2000)})();
</script>
)";

void append_row(std::string& page, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  page.append("<dt>").append(name).append("</dt><dd>");
  append_html(page, value);
  page += "</dd>\n";
}

std::string text_of(std::span<const int> ports) {
  if (ports.empty()) return "no port";
  std::string text;
  for (size_t i = 0; i < std::min(ports.size(), kMostListening); ++i) {
    text.append(i == 0 ? "" : ", ").append(std::to_string(ports[i]));
  }
  if (ports.size() > kMostListening) text += " and " + std::to_string(ports.size() - kMostListening) + " more";
  return text;
}

}  // namespace

std::string error_page(int status, ErrorCode code, const ErrorDetails& details, bool come_back) {
  const std::string number = std::to_string(status);
  const std::string_view title = reason_of(status);
  std::string page = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>";
  page.append(number).append(" ").append(title).append("</title>\n");
  page += "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n";
  if (come_back) page += "<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>\n";
  page.append(kStyle).append("</head>\n<body>\n<main>\n<h1>").append(title);
  page.append(" <small>").append(number).append("</small></h1>\n<p>");
  append_html(page, message_of(code));
  page += "</p>\n";
  if (come_back) page += kComeBack;
  page += "<dl>\n";
  append_row(page, "code", name_of(code));
  append_row(page, "host", details.host);
  append_row(page, "machine", details.machine);
  if (details.port > 0) append_row(page, "port", std::to_string(details.port));
  if (details.listening) append_row(page, "listening", text_of(*details.listening));
  append_row(page, "reason", details.reason);
  append_row(page, "request", details.request_id);
  return page + "</dl>\n</main>\n</body>\n</html>\n";
}

}  // namespace ingress::http
