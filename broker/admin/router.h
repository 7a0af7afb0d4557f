// Method and path template → handler. Templates are literal segments and `{name}`, which takes one non-empty segment;
// the template that was added first of those that match is the path's.
// Pure.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/admin/answer.h"
#include "broker/admin/operation.h"
#include "broker/admin/query.h"

namespace ingress::broker::admin {

// A request, whole. Handlers share it for as long as they are at it.
struct Request {
  std::string method;
  Target target;
  std::vector<std::string> params;  // what the template's `{…}` took, in order
  std::string body;
  std::string actor;          // who asks, for `changes`
  std::string session;        // the id of the browser's session that it came by, "" for none
  std::string if_match;       // "" where there is no such field
  std::string if_none_match;  // the same
  std::string last_event_id;  // the same
  bool wants_events = false;  // Accept: text/event-stream
  bool takes_gzip = false;    // Accept-Encoding
  Role role;
};

using RequestPtr = std::shared_ptr<const Request>;
// Answers once, now or later.
using Handler = std::function<void(const RequestPtr&, const Reply&)>;
// Reads a request that changes something: the operation, or the refusal.
using Planner = std::function<tl::expected<Operation, Answer>(const RequestPtr&)>;

// Whether a request's query is the handler's to read. One that has none, and comes with one, is refused.
enum class Takes : uint8_t { kNothing, kQuery };

// Whom a handler is for. One for projects' tokens shows them what they may see and no more.
enum class Audience : uint8_t { kBroker, kProjects };

class Router {
 public:
  void add(std::string_view method, std::string_view path_template, Handler handler,
           Audience audience = Audience::kBroker, Takes takes = Takes::kNothing);
  // One that changes something, for projects' tokens too: each change is held against the role.
  void add_change(std::string_view method, std::string_view path_template, Planner planner, Handler handler,
                  Takes takes = Takes::kNothing);

  // Calls the handler, or answers 404, 405 with Allow, or 400 (a query that it has none of). HEAD is served by GET (the
  // codec drops the body).
  void dispatch(const std::shared_ptr<Request>& request, const Reply& reply) const;
  // What one of add_change() makes of a request, or the same answers.
  tl::expected<Operation, Answer> plan(const std::shared_ptr<Request>& request) const;
  // "GET /v1/machines/{id}", in the order in which they were added.
  std::vector<std::string> templates() const;

 private:
  struct Entry {
    std::string method;
    std::string path_template;
    std::vector<std::string> segments;
    Handler handler;
    Planner planner;  // empty for those that change nothing
    Audience audience;
    Takes takes;
  };
  tl::expected<const Entry*, Answer> find(Request& request) const;
  static std::optional<Answer> check_query(const Entry& entry, const Request& request);

  std::vector<Entry> entries_;
};

}  // namespace ingress::broker::admin
