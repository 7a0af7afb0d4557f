#include "broker/dev/landing.h"

#include <algorithm>

#include "broker/routing/host_name.h"
#include "common/http/escape.h"

namespace ingress::broker::dev {
namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>ingress dev</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<noscript><meta http-equiv="refresh" content="3"></noscript>
<style>
:root{color-scheme:light dark;--ground:#fff;--text:#1d1d1f;--faint:#6e6e73;--line:#d2d2d7;--up:#1a7f37}
@media(prefers-color-scheme:dark){:root{--ground:#161617;--text:#f5f5f7;--faint:#a1a1a6;--line:#424245;--up:#3fb950}}
body{margin:0 auto;max-width:46rem;padding:2rem 1rem;background:var(--ground);color:var(--text);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;font-weight:600;margin:0 0 1rem}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line);font-weight:400}
th{color:var(--faint);font-size:.875rem}
td:first-child{overflow-wrap:anywhere}
.up{color:var(--up)}.down,p{color:var(--faint)}
code{font-family:ui-monospace,monospace}
</style>
</head>
<body>
<main>
)";

// Another answer than this page means that the app is there now, and so does a redirect: what is followed to another
// origin is an answer that the page may not see.
constexpr std::string_view kTail = R"(</main>
<script>
(function look(){setTimeout(function(){
fetch(location.href,{cache:"no-store",redirect:"manual",headers:{Accept:"text/html"}}).then(function(answer){
if(!answer.headers.has("X-Ingress-Landing")){location.reload();return}
return answer.text().then(function(text){
var fresh=new DOMParser().parseFromString(text,"text/html").querySelector("main");
var shown=document.querySelector("main");
if(fresh&&fresh.innerHTML!==shown.innerHTML)shown.replaceWith(fresh);
look()})},look)},1500)})();
</script>
</body>
</html>
)";

}  // namespace

Landing::Landing(const DevConfig& config, const MachineBook& book) : config_(config), book_(book) {}

std::string Landing::url_of(std::string_view host, std::string_view origin) const {
  if (!origin.empty()) return std::string(origin).append("/?").append(kHostParameter).append("=").append(host);
  std::string url = "https://" + std::string(host);
  if (https_port_ != 443) url += ":" + std::to_string(https_port_);
  return url + "/";
}

std::vector<std::string> Landing::network_urls(const std::vector<std::string>& ips) const {
  const auto open = std::find_if(config_.https.begin(), config_.https.end(), is_any);
  if (!config_.lan || open == config_.https.end()) return {};
  const int port = open == config_.https.begin() ? https_port_ : open->port;
  std::vector<std::string> urls;
  for (const std::string& ip : ips) {
    std::string origin = "https://" + (ip.find(':') == std::string::npos ? ip : "[" + ip + "]");
    if (port != 443) origin += ":" + std::to_string(port);
    urls.push_back(url_of(config_.project + ".localhost", origin));
  }
  return urls;
}

bool Landing::is_own(int port) const {
  const auto holds = [port](const std::vector<uv::Address>& addresses) {
    return std::any_of(addresses.begin(), addresses.end(),
                       [port](const uv::Address& address) { return address.port == port; });
  };
  return port == https_port_ || holds(config_.https) || holds(config_.http) || holds(config_.admin);
}

std::vector<LandingEntry> Landing::entries(std::string_view origin) const {
  const std::string project = config_.project + ".localhost";
  std::vector<LandingEntry> entries;
  entries.push_back({"", config_.port, "", false, url_of(project, origin)});
  for (const auto& [name, port] : config_.services) {
    entries.push_back({name, port, "", false, url_of(std::string(name).append(".").append(project), origin)});
  }
  if (const std::optional<MachinePorts> ports = book_.ports(config_.machine)) add_ports(*ports, origin, entries);
  if (entries.front().listening) default_listened_ = true;
  return entries;
}

void Landing::add_ports(const MachinePorts& ports, std::string_view origin, std::vector<LandingEntry>& entries) const {
  const std::string project = config_.project + ".localhost";
  for (const MachinePort& port : ports.ports) {
    if (is_own(port.number)) continue;
    bool named = false;
    for (LandingEntry& entry : entries) {
      if (entry.port != port.number) continue;
      entry.listening = named = true;
      entry.process = port.process;
    }
    if (named) continue;
    const std::string host = std::to_string(port.number) + "__" + project;
    entries.push_back({"", port.number, port.process, true, url_of(host, origin)});
  }
}

bool Landing::stands_for(std::string_view host) const {
  HostName name;
  if (!name.assign(host) || name.text() != config_.project + ".localhost") return false;
  static_cast<void>(entries());
  return !default_listened_;
}

std::string Landing::page(std::string_view origin) const {
  std::string page(kHead);
  page += "<h1>Ports of this machine</h1>\n<table>\n<tr><th>URL<th>port<th>name<th></tr>\n";
  for (const LandingEntry& entry : entries(origin)) {
    page += "<tr><td><a href=\"";
    http::append_html(page, entry.url);
    page += "\">";
    http::append_html(page, entry.url);
    page += "</a><td>" + std::to_string(entry.port) + "<td>";
    http::append_html(page, entry.name.empty() ? entry.process : entry.name);
    page += entry.listening ? "<td class=\"up\">listens</tr>\n" : "<td class=\"down\">nothing listens</tr>\n";
  }
  page += "</table>\n<p>What begins to listen on port <i>N</i> is at <code>";
  http::append_html(page, url_of("N__" + config_.project + ".localhost", origin));
  return page + "</code> at once.</p>\n" + std::string(kTail);
}

std::string Landing::json(std::string_view origin) const {
  std::string json = "{\"ports\":[";
  bool first = true;
  for (const LandingEntry& entry : entries(origin)) {
    json += first ? "{\"url\":" : ",{\"url\":";
    first = false;
    http::append_json_string(json, entry.url);
    json += ",\"port\":" + std::to_string(entry.port) + ",\"listening\":" + (entry.listening ? "true" : "false");
    if (!entry.name.empty()) {
      json += ",\"service\":";
      http::append_json_string(json, entry.name);
    }
    if (!entry.process.empty()) {
      json += ",\"process\":";
      http::append_json_string(json, entry.process);
    }
    json += "}";
  }
  return json + "]}\n";
}

}  // namespace ingress::broker::dev
