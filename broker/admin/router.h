// Method and path template → handler. Templates are literal segments and `{name}`, which takes one non-empty segment.
// Pure.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/admin/answer.h"
#include "broker/admin/query.h"

namespace ingress::broker::admin {

// A request, whole. Handlers share it for as long as they are at it.
struct Request {
  std::string method;
  Target target;
  std::vector<std::string> params;  // what the template's `{…}` took, in order
  std::string body;
  std::string actor;          // who asks, for `changes`
  std::string if_match;       // "" where there is no such field
  std::string last_event_id;  // the same
  bool wants_events = false;  // Accept: text/event-stream
};

using RequestPtr = std::shared_ptr<const Request>;
// Answers once, now or later.
using Handler = std::function<void(const RequestPtr&, const Reply&)>;

class Router {
 public:
  void add(std::string_view method, std::string_view path_template, Handler handler);

  // Calls the handler, or answers 404, or 405 with Allow. HEAD is served by GET (the codec drops the body).
  void dispatch(const std::shared_ptr<Request>& request, const Reply& reply) const;

 private:
  struct Entry {
    std::string method;
    std::vector<std::string> segments;
    Handler handler;
  };
  std::vector<Entry> entries_;
};

}  // namespace ingress::broker::admin
