#include "broker/admin/pages.h"

#include <string>

#include "broker/dashboard/assets.h"

namespace ingress::broker::admin {
namespace {

// Nothing but what this origin serves; no inline script, no style but the page's own, no markup from text.
std::string content_policy(const dashboard::Asset& asset) {
  std::string policy = "default-src 'none'; script-src 'self'; style-src 'self'";
  if (!asset.style_hash.empty()) policy.append(" '").append(asset.style_hash).append("'");
  return policy +
         "; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
         "require-trusted-types-for 'script'; trusted-types 'none'";
}

Answer file_answer(const Request& request, const dashboard::Asset& asset) {
  Answer answer{200, asset.content_type, {}, {}};
  // The next broker's files have the same names: kept ones are asked about.
  answer.fields.emplace_back("Cache-Control", "no-cache");
  answer.fields.emplace_back("ETag", asset.etag);
  answer.fields.emplace_back("Vary", "Accept-Encoding");
  answer.fields.emplace_back("Content-Security-Policy", content_policy(asset));
  answer.fields.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  answer.fields.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  answer.fields.emplace_back("Referrer-Policy", "no-referrer");
  if (request.if_none_match.find(asset.etag) != std::string::npos) {
    answer.status = 304;
  } else if (request.takes_gzip && !asset.gzip.empty()) {
    answer.fields.emplace_back("Content-Encoding", "gzip");
    answer.body = asset.gzip;
  } else {
    answer.body = asset.plain;
  }
  return answer;
}

void serve(const RequestPtr& request, const Reply& reply, std::string_view name) {
  const dashboard::Asset* asset = dashboard::find(name);
  reply(asset == nullptr ? not_found("file", name) : file_answer(*request, *asset));
}

}  // namespace

void Pages::add_to(Router& router) {
  router.add(
      "GET", "/", [](const RequestPtr& request, const Reply& reply) { serve(request, reply, "index.html"); },
      Audience::kProjects, Takes::kQuery);
  router.add(
      "GET", "/dashboard/{file}",
      [](const RequestPtr& request, const Reply& reply) { serve(request, reply, request->params[0]); },
      Audience::kProjects);
}

}  // namespace ingress::broker::admin
