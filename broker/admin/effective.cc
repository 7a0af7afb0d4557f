#include "broker/admin/effective.h"

#include <map>
#include <nlohmann/json.hpp>

#include "broker/policy/policy.h"
#include "broker/routing/route_index.h"

namespace ingress::broker::admin {
namespace {

using json = nlohmann::ordered_json;

// Where several equals set one of these, each of them holds.
bool is_held_together(const std::string& key) {
  for (const char* each : {"auth", "methods", "ip_allow", "ip_deny", "max_body"}) {
    if (key == each) return true;
  }
  return false;
}

// An enforced key and the nearest one hold both: that is how these are told.
bool is_held_twice(const std::string& key) { return key == "rate" || is_held_together(key); }

// As requests have it: with what its profile sets where the policy itself does not.
json filled(const PolicyLayer& layer) {
  json policy = json::parse(layer.policy, nullptr, /*allow_exceptions=*/false);
  if (!policy.is_object()) return json::object();
  const json profile = policy.value("profile", json());
  if (!profile.is_string()) return policy;
  for (const KeyWord& each : keys_of_profile(profile.get<std::string>())) {
    if (!policy.contains(each.key)) policy[each.key] = each.word;
  }
  return policy;
}

// What holds of `auth` then, whatever the layers say.
json closed_by_their_number() {
  const std::string from = "the broker: more than " + std::to_string(EffectivePolicy::kMostLayers) +
                           " policies hold for the port, which closes it";
  return json::array({{{"from", from}, {"value", "deny"}}});
}

json keys_of(const std::vector<PolicyLayer>& layers) {
  constexpr std::string_view kEnforced = "enforced by the broker";
  json keys = json::object();
  std::map<std::string, int> levels;  // of the last one that holds
  for (const PolicyLayer& layer : layers) {
    const json policy = filled(layer);
    for (const auto& [key, value] : policy.items()) {
      json& held = keys[key];
      if (held.is_null()) held = json::array();
      const bool enforced_only = held.size() == 1 && held[0]["from"] == kEnforced && is_held_twice(key);
      const bool beside = !held.empty() && levels[key] == layer.level && is_held_together(key);
      if (!held.empty() && !enforced_only && !beside) continue;
      held.push_back({{"from", layer.from}, {"value", value}});
      levels[key] = layer.level;
    }
  }
  return keys;
}

}  // namespace

void Effective::add_to(Router& router) {
  router.add(
      "GET", "/v1/policy", [this](const RequestPtr& request, const Reply& reply) { get(request, reply); },
      Audience::kBroker, Takes::kQuery);
}

void Effective::get(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const std::string host = query.text("host");
  if (const auto bad = query.finish()) return reply(*bad);
  if (host.empty()) return reply(problem(400, "invalid_argument", "query value \"host\" is missing"));
  const size_t slash = host.find('/');
  const std::string path = slash == std::string::npos ? "/" : host.substr(slash);
  std::vector<std::string> steps;
  std::vector<PolicyLayer> layers;
  const auto found =
      api_.index().explain({std::string_view(host).substr(0, slash), path, unix_seconds()}, steps, &layers);
  if (!found) return reply(problem(404, name_of(found.error().error.code), found.error().detail));
  json answer = {{"host", host}, {"machine", found->machine}, {"port", found->port}, {"keys", keys_of(layers)}};
  if (found->policy.is_overfull()) answer["keys"]["auth"] = closed_by_their_number();
  answer["layers"] = json::array();
  for (const PolicyLayer& layer : layers) {
    answer["layers"].push_back({{"from", layer.from}, {"policy", json::parse(layer.policy, nullptr, false)}});
  }
  reply(json_answer(200, answer.dump(-1, ' ', false, json::error_handler_t::replace)));
}

}  // namespace ingress::broker::admin
