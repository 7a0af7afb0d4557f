// Strict reading of a request's JSON: types are checked, and a member that nobody asked for is refused by name. Pure.
//
//   ObjectReader in(body);
//   in.required("slug", project.slug);
//   in.integer("defaultPort", project.default_port);
//   if (const auto bad = in.finish()) return reply(*bad);
//
// Members that are absent leave their target as it is. The first thing that is wrong is what finish() tells.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/admin/answer.h"

namespace ingress::broker::admin {

class ObjectReader {
 public:
  static constexpr int kMaxDepth = 32;

  // `body` "" is read as {}.
  explicit ObjectReader(std::string_view body);
  ~ObjectReader();
  ObjectReader(const ObjectReader&) = delete;
  ObjectReader& operator=(const ObjectReader&) = delete;

  bool has(std::string_view name) const;
  void text(std::string_view name, std::string& to);
  // null is "".
  void text_or_null(std::string_view name, std::string& to);
  void required(std::string_view name, std::string& to);
  void integer(std::string_view name, int& to);
  // nullopt for null.
  void integer_or_null(std::string_view name, std::optional<int>& to);
  void boolean(std::string_view name, bool& to);
  // A policy, as it may be kept: passwords and tokens become hashes.
  void policy(std::string_view name, std::string& to);
  // `ttl` (seconds from now) or `expiresAt` (RFC 3339), either null for never. To Unix seconds, 0 for never.
  void expiry(int64_t now, int64_t& to);
  // Nothing is made that is over; what is there may be ended by a time that is past.
  void refuse_over(int64_t now, int64_t expires_at);
  // An object, kept as JSON text.
  void object(std::string_view name, std::string& to);
  // An object with members of its own.
  void object(std::string_view name, const std::function<void(ObjectReader&)>& read);
  // An array of objects.
  void objects(std::string_view name, const std::function<void(ObjectReader&)>& read);

  // Refuses the request, with a sentence that begins where the member is said ("patterns[1].target …").
  void refuse(std::string_view name, std::string_view sentence);
  bool good() const;
  std::optional<Answer> finish();

 private:
  struct Node;
  struct Shared;
  ObjectReader(std::shared_ptr<Shared> shared, const void* value, std::string path);
  const void* take(std::string_view name);
  void child(const void* value, const std::string& path, const std::function<void(ObjectReader&)>& read);
  void check_unknown();

  std::shared_ptr<Shared> shared_;
  std::unique_ptr<Node> node_;
};

}  // namespace ingress::broker::admin
