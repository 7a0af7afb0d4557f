#include "common/http/web_url.h"

#include <algorithm>

#include "common/http/authority.h"

namespace ingress::http {
namespace {

bool is_visible(char c) { return c > ' ' && c < '\x7f'; }

}  // namespace

Result<WebUrl> parse_web_url(std::string_view text) {
  const auto refuse = [](const char* why) { return fail(ErrorCode::kInvalidArgument, Side::kClient, why); };
  if (text.size() > WebUrl::kMostBytes) return refuse("a URL has 2048 bytes at most");
  if (!std::all_of(text.begin(), text.end(), is_visible)) return refuse("a URL is printable ASCII without spaces");
  const std::optional<HttpUrl> read = parse_http_url(text);
  if (!read || read->parts.host.empty()) return refuse("a URL is http:// or https://, a host, and a path");
  if (read->rest.find('#') != std::string_view::npos) return refuse("the URL of a server has no fragment");
  WebUrl url;
  url.tls = read->tls;
  url.host = read->parts.host;
  if (url.host.front() == '[') url.host = url.host.substr(1, url.host.size() - 2);
  url.port = port_or_default(read->parts, read->tls);
  url.authority = read->authority;
  url.target = read->rest;
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  return url;
}

}  // namespace ingress::http
