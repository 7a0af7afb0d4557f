#include "broker/admin/batch.h"

#include "broker/admin/object_reader.h"

namespace ingress::broker::admin {
namespace {

// {"method":"POST","path":"/v1/machines","body":{…},"ifMatch":"…"}, for the one who sent the batch.
std::shared_ptr<Request> read_operation(ObjectReader& in, const Request& batch) {
  auto request = std::make_shared<Request>();
  request->actor = batch.actor;
  request->role = batch.role;
  std::string path;
  in.required("method", request->method);
  in.required("path", path);
  in.object("body", request->body);
  in.text("ifMatch", request->if_match);
  if (in.has("ifMatch") && request->if_match.empty()) in.refuse("ifMatch", "names no tag");
  const std::optional<Target> target = parse_target(path);
  if (!target) in.refuse("path", "is not a path");
  if (target) request->target = *target;
  return request;
}

std::string result_json(const Answer& answer) {
  JsonObject object;
  object.number("status", answer.status);
  object.raw("body", answer.body.empty() ? "null" : answer.body);
  for (const auto& [name, value] : answer.fields) {
    if (name == "ETag") object.text("etag", value);
    if (name == "Location") object.text("location", value);
  }
  return std::move(object).take();
}

Answer results(const std::vector<Operation>& operations) {
  JsonArray array;
  for (const Operation& operation : operations) array.add(result_json(operation.answer()));
  JsonObject object;
  object.raw("results", std::move(array).take());
  return json_answer(200, std::move(object).take());
}

}  // namespace

void Batch::add_to(Router& router) {
  router.add(
      "POST", "/v1/batch", [this](const RequestPtr& request, const Reply& reply) { run(request, reply); },
      Audience::kProjects);
}

void Batch::run(const RequestPtr& request, const Reply& reply) {
  std::vector<std::shared_ptr<Request>> requests;
  bool dry_run = false;
  ObjectReader in(request->body);
  in.boolean("dryRun", dry_run);
  if (!in.has("operations")) in.refuse("operations", "is missing");
  in.objects("operations",
             [&requests, &request](ObjectReader& each) { requests.push_back(read_operation(each, *request)); });
  if (requests.size() > kMaxOperations) in.refuse("operations", "are 1000 at most");
  if (const auto bad = in.finish()) return reply(*bad);
  const auto operations = std::make_shared<std::vector<Operation>>();
  for (size_t i = 0; i < requests.size(); ++i) {
    tl::expected<Operation, Answer> operation = router_.plan(requests[i]);
    if (!operation) return reply(with_place(std::move(operation.error()), "operation", i));
    operations->push_back(std::move(*operation));
  }
  const auto run_all = [operations, dry_run](Editor& editor) -> std::optional<Answer> {
    for (size_t i = 0; i < operations->size(); ++i) {
      if (auto refused = (*operations)[i].run(editor)) return with_place(std::move(*refused), "operation", i);
    }
    // An answer here takes the transaction back.
    return dry_run ? std::optional(results({})) : std::nullopt;
  };
  api_.perform(request, reply, {run_all, [operations] { return results(*operations); }});
}

}  // namespace ingress::broker::admin
