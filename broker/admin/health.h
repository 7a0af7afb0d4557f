// /health (the process answers) and /ready (it serves, and is not draining). For all, with whatever query a probe adds.
#pragma once

#include "broker/admin/router.h"

namespace ingress::broker::admin {

class Health {
 public:
  void add_to(Router& router) {
    router.add(
        "GET", "/health", [](const RequestPtr&, const Reply& reply) { reply(json_answer(200, R"({"status":"ok"})")); },
        Audience::kProjects, Takes::kQuery);
    router.add(
        "GET", "/ready",
        [this](const RequestPtr&, const Reply& reply) {
          reply(ready_ ? json_answer(200, R"({"status":"ready"})")
                       : problem(503, "draining", "the broker is draining"));
        },
        Audience::kProjects, Takes::kQuery);
  }
  void set_ready(bool ready) { ready_ = ready; }

 private:
  bool ready_ = true;
};

}  // namespace ingress::broker::admin
