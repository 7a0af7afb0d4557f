// Answers of the admin API as values, before they are bytes. Pure.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/admin/body_source.h"
#include "broker/model/role.h"
#include "broker/store/store.h"

namespace ingress::broker::admin {

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kEventStreamType = "text/event-stream";
inline constexpr std::string_view kProblemType = "application/problem+json";  // RFC 9457

struct Answer {
  int status = 200;
  std::string_view content_type;  // "" where there is no body
  std::string body;
  std::vector<std::pair<std::string_view, std::string>> fields;
  std::shared_ptr<BodySource> source = nullptr;  // where it is, the body comes from it, and `body` is empty
};

// Takes a request's one answer; may outlive the client, and then does nothing. Thread: the loop's.
using Reply = std::function<void(Answer)>;

Answer json_answer(int status, std::string json);
// A resource with its entity tag, which If-Match of a later PATCH is held against.
Answer resource_answer(int status, std::string json, std::string_view record);
Answer created_answer(const std::string& location, std::string json, std::string_view record);
Answer no_content();
// The entity tag of a record (its JSON without what is not kept: hosts, connections).
std::string entity_tag(std::string_view record);

// {"title","status","detail","code"}: `detail` is a sentence for people, `code` a stable word for programs.
Answer problem(int status, std::string_view code, std::string_view detail);
// 401, with what is asked for.
Answer unauthorized(std::string_view detail);
// The same refusal with one more member, a number: where in the body it is about.
Answer with_place(Answer refusal, std::string_view member, size_t place);
Answer not_found(std::string_view noun, std::string_view name);
// Why the store refused a transaction. A project's role is not told of what is another's.
Answer problem_of(const StoreError& error);
Answer problem_of(StoreError error, const Role& role);
// A read that failed.
Answer problem_of(const Error& error);

}  // namespace ingress::broker::admin
