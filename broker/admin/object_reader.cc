#include "broker/admin/object_reader.h"

#include <algorithm>
#include <climits>
#include <nlohmann/json.hpp>
#include <vector>

#include "broker/admin/json_object.h"
#include "broker/model/expiry.h"
#include "broker/policy/policy.h"

namespace ingress::broker::admin {
namespace {

using nlohmann::json;

// Deeper than this and the recursion of whoever walks the tree later could end the process.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > ObjectReader::kMaxDepth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

const json& json_of(const void* value) { return *static_cast<const json*>(value); }

}  // namespace

struct ObjectReader::Shared {
  json root;
  std::string code = "invalid_argument";
  std::string problem;
};

struct ObjectReader::Node {
  const json* object = nullptr;  // null where there is none to read
  std::string path;              // "patterns[0]." or ""
  std::vector<std::string> known;
};

ObjectReader::ObjectReader(std::string_view body)
    : shared_(std::make_shared<Shared>()), node_(std::make_unique<Node>()) {
  shared_->code = "bad_request";
  if (too_deep(body)) {
    shared_->problem = "the body is nested too deeply";
    return;
  }
  shared_->root = body.empty() ? json::object() : json::parse(body, nullptr, false);
  if (shared_->root.is_discarded()) {
    shared_->problem = "the body is not JSON";
  } else if (!shared_->root.is_object()) {
    shared_->problem = "the body is not a JSON object";
  } else {
    shared_->code = "invalid_argument";
    node_->object = &shared_->root;
  }
}

ObjectReader::ObjectReader(std::shared_ptr<Shared> shared, const void* value, std::string path)
    : shared_(std::move(shared)), node_(std::make_unique<Node>()) {
  node_->object = &json_of(value);
  node_->path = std::move(path);
}

ObjectReader::~ObjectReader() = default;

bool ObjectReader::good() const { return shared_->problem.empty(); }

void ObjectReader::refuse(std::string_view name, std::string_view sentence) {
  if (!good()) return;
  shared_->problem = "\"" + node_->path + std::string(name) + "\" " + std::string(sentence);
}

bool ObjectReader::has(std::string_view name) const {
  return node_->object != nullptr && node_->object->contains(name);
}

const void* ObjectReader::take(std::string_view name) {
  node_->known.emplace_back(name);
  if (node_->object == nullptr) return nullptr;
  const auto found = node_->object->find(name);
  return found == node_->object->end() ? nullptr : &*found;
}

void ObjectReader::text(std::string_view name, std::string& to) {
  const void* value = take(name);
  if (value == nullptr) return;
  if (!json_of(value).is_string()) return refuse(name, "is not a string");
  to = json_of(value).get_ref<const std::string&>();
}

void ObjectReader::text_or_null(std::string_view name, std::string& to) {
  const void* value = take(name);
  if (value == nullptr) return;
  if (json_of(value).is_null()) {
    to.clear();
  } else if (json_of(value).is_string()) {
    to = json_of(value).get_ref<const std::string&>();
  } else {
    refuse(name, "is neither a string nor null");
  }
}

void ObjectReader::required(std::string_view name, std::string& to) {
  if (node_->object != nullptr && !has(name)) refuse(name, "is missing");
  text(name, to);
}

void ObjectReader::integer(std::string_view name, int& to) {
  const void* value = take(name);
  if (value == nullptr) return;
  const json& number = json_of(value);
  if (!number.is_number_integer()) return refuse(name, "is not a whole number");
  const bool fits = number.is_number_unsigned() ? number.get<uint64_t>() <= INT_MAX : number.get<int64_t>() >= INT_MIN;
  if (!fits) return refuse(name, "is out of range");
  to = number.get<int>();
}

void ObjectReader::integer_or_null(std::string_view name, std::optional<int>& to) {
  if (has(name) && (*node_->object)[std::string(name)].is_null()) {
    take(name);
    to.reset();
    return;
  }
  int number = to.value_or(0);
  integer(name, number);
  if (has(name)) to = number;
}

void ObjectReader::boolean(std::string_view name, bool& to) {
  const void* value = take(name);
  if (value == nullptr) return;
  if (!json_of(value).is_boolean()) return refuse(name, "is neither true nor false");
  to = json_of(value).get<bool>();
}

void ObjectReader::policy(std::string_view name, std::string& to) {
  object(name, to);
  if (good() && has(name)) to = without_secrets(to);
}

void ObjectReader::expiry(int64_t now, int64_t& to) {
  constexpr int64_t kMost = int64_t{100} * 366 * 86400;
  const void* ttl = take("ttl");
  const void* at = take("expiresAt");
  const auto said = [](const void* value) { return value != nullptr && !json_of(value).is_null(); };
  if (ttl != nullptr && at != nullptr && said(ttl) && said(at))
    return refuse("ttl", "and expiresAt are one or the other");
  if (said(ttl)) {
    const json& seconds = json_of(ttl);
    if (!seconds.is_number_unsigned() || seconds.get<uint64_t>() == 0 || seconds.get<uint64_t>() > kMost) {
      return refuse("ttl", "is a number of seconds above 0");
    }
    // Of the second that runs a part is over: a whole one more, so that a time to live is never shorter than said.
    to = now + seconds.get<int64_t>() + 1;
  } else if (said(at)) {
    const std::optional<int64_t> time =
        json_of(at).is_string() ? time_of(json_of(at).get_ref<const std::string&>()) : std::nullopt;
    if (!time) return refuse("expiresAt", "is a time as 2025-01-31T12:00:00Z");
    // 0 stands for never.
    to = std::max<int64_t>(*time, 1);
  } else if (ttl != nullptr || at != nullptr) {
    to = 0;
  }
}

void ObjectReader::refuse_over(int64_t now, int64_t expires_at) {
  if (is_over(expires_at, now)) refuse("expiresAt", "is over already");
}

void ObjectReader::object(std::string_view name, std::string& to) {
  const void* value = take(name);
  if (value == nullptr) return;
  if (!json_of(value).is_object()) return refuse(name, "is not an object");
  to = json_of(value).dump();
}

void ObjectReader::object(std::string_view name, const std::function<void(ObjectReader&)>& read) {
  const void* value = take(name);
  if (value == nullptr) return;
  if (!json_of(value).is_object()) return refuse(name, "is not an object");
  child(value, node_->path + std::string(name) + ".", read);
}

void ObjectReader::objects(std::string_view name, const std::function<void(ObjectReader&)>& read) {
  const void* value = take(name);
  if (value == nullptr) return;
  const json& array = json_of(value);
  const bool all_objects =
      array.is_array() && std::all_of(array.begin(), array.end(), [](const json& each) { return each.is_object(); });
  if (!all_objects) return refuse(name, "is not an array of objects");
  for (size_t i = 0; i < array.size(); ++i) {
    child(&array[i], node_->path + std::string(name) + "[" + std::to_string(i) + "].", read);
  }
}

void ObjectReader::child(const void* value, const std::string& path, const std::function<void(ObjectReader&)>& read) {
  ObjectReader reader(shared_, value, path);
  read(reader);
  reader.check_unknown();
}

void ObjectReader::check_unknown() {
  if (!good() || node_->object == nullptr) return;
  for (const auto& [name, value] : node_->object->items()) {
    if (std::find(node_->known.begin(), node_->known.end(), name) != node_->known.end()) continue;
    std::string members;
    for (const std::string& known : node_->known) members += (members.empty() ? "" : ", ") + known;
    return refuse(name, "is not known here" + (members.empty() ? std::string() : ": the members are " + members));
  }
}

std::optional<Answer> ObjectReader::finish() {
  check_unknown();
  if (good()) return std::nullopt;
  return problem(400, shared_->code, shared_->problem);
}

}  // namespace ingress::broker::admin
