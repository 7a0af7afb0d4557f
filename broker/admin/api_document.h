// /openapi.json: what this API is, for programs; and /docs, the same for people. Open to all who reach the port, with
// whatever query.
#pragma once

#include <string_view>

#include "broker/admin/router.h"

namespace ingress::broker::admin {

// OpenAPI 3.1.
std::string_view openapi_text();
// A page that asks for nothing but /openapi.json.
std::string_view docs_page_text();

class ApiDocument {
 public:
  static void add_to(Router& router) {
    router.add(
        "GET", "/openapi.json",
        [](const RequestPtr&, const Reply& reply) { reply(json_answer(200, std::string(openapi_text()))); },
        Audience::kProjects, Takes::kQuery);
    router.add(
        "GET", "/docs",
        [](const RequestPtr&, const Reply& reply) {
          Answer answer{200, "text/html; charset=utf-8", std::string(docs_page_text()), {}};
          answer.fields.emplace_back("Content-Security-Policy",
                                     "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                                     "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
          reply(std::move(answer));
        },
        Audience::kProjects, Takes::kQuery);
  }
};

}  // namespace ingress::broker::admin
