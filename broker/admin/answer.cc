#include "broker/admin/answer.h"

#include <cerrno>

#include "broker/admin/json_object.h"
#include "common/base/log.h"
#include "common/http/http1_writer.h"
#include "common/tls/digest.h"

namespace ingress::broker::admin {

Answer json_answer(int status, std::string json) { return {status, kJsonType, std::move(json), {}}; }

Answer resource_answer(int status, std::string json, std::string_view record) {
  Answer answer = json_answer(status, std::move(json));
  answer.fields.emplace_back("ETag", entity_tag(record));
  return answer;
}

Answer created_answer(const std::string& location, std::string json, std::string_view record) {
  Answer answer = resource_answer(201, std::move(json), record);
  answer.fields.emplace_back("Location", location);
  return answer;
}

Answer no_content() { return {204, {}, {}, {}}; }

std::string entity_tag(std::string_view record) {
  constexpr size_t kDigits = 20;
  return "\"" + tls::sha256_hex(record).substr(0, kDigits) + "\"";
}

Answer problem(int status, std::string_view code, std::string_view detail) {
  JsonObject object;
  object.text("title", http::reason_of(status));
  object.number("status", status);
  object.text("detail", detail);
  object.text("code", code);
  return {status, kProblemType, std::move(object).take(), {}};
}

Answer unauthorized(std::string_view detail) {
  Answer answer = problem(401, "unauthorized", detail);
  answer.fields.emplace_back("WWW-Authenticate", "Bearer");
  return answer;
}

namespace {

// A change or a question that the database did not take: it may later. 507 where there is no space.
Answer storage_problem(const Error& error, const std::string& detail) {
  log_error("admin_store_failed", {{"error", describe(error)}, {"detail", detail}});
  if (error.sys_errno == ENOSPC || error.sys_errno == EDQUOT) return problem(507, "storage_full", detail);
  return problem(503, "storage_unavailable", detail);
}

}  // namespace

Answer with_place(Answer refusal, std::string_view member, size_t place) {
  if (!refusal.body.ends_with('}')) return refusal;
  refusal.body.pop_back();
  refusal.body.append(",\"").append(member).append("\":").append(std::to_string(place)).append("}");
  return refusal;
}

Answer not_found(std::string_view noun, std::string_view name) {
  return problem(404, "not_found", "there is no " + std::string(noun) + " \"" + std::string(name) + "\"");
}

Answer problem_of(const StoreError& error) {
  const std::string detail = error.detail.empty() ? describe(error.error) : error.detail;
  switch (error.error.code) {
    case ErrorCode::kNotFound:
      return problem(404, "not_found", detail);
    case ErrorCode::kConflict:
      return problem(409, "conflict", detail);
    case ErrorCode::kTooLarge:
      return problem(422, "quota_exceeded", detail);
    case ErrorCode::kInvalidArgument:
      return problem(400, "invalid_argument", detail);
    default:
      return storage_problem(error.error, "the change could not be stored: " + detail);
  }
}

Answer problem_of(StoreError error, const Role& role) {
  const bool hidden = role.kind == RoleKind::kProject && !error.neutral.empty() && error.holder != role.project;
  if (hidden) error.detail = std::move(error.neutral);
  return problem_of(error);
}

Answer problem_of(const Error& error) {
  return storage_problem(error, "the database could not be read: " + describe(error));
}

}  // namespace ingress::broker::admin
