#include "broker/admin/record_json.h"

#include "broker/model/machine_state.h"

namespace ingress::broker::admin {
namespace {

std::string target_json(const RouteTarget& target) {
  JsonObject object;
  if (!target.machine.empty()) object.text("machine", target.machine);
  if (!target.project.empty()) object.text("project", target.project);
  if (!target.service.empty()) object.text("service", target.service);
  if (target.port != 0) object.number("port", target.port);
  return std::move(object).take();
}

void expiry(JsonObject& object, int64_t expires_at) {
  object.text_or_null("expiresAt", expires_at == 0 ? std::string() : time_text(expires_at));
}

// Of a change: "" where there was or is nothing.
void raw_or_null(JsonObject& object, std::string_view name, std::string_view value) {
  object.raw(name, value.empty() ? "null" : value);
}

}  // namespace

JsonObject machine_json(const Machine& machine) {
  JsonObject object;
  object.text("id", machine.id);
  object.text("state", name_of(machine.state));
  object.number("defaultPort", machine.default_port);
  object.raw("metadata", machine.metadata);
  object.text("createdAt", time_text(machine.created_at));
  object.text_or_null("owner", machine.owner);
  object.raw("policy", machine.policy);
  expiry(object, machine.expires_at);
  return object;
}

JsonObject token_json(const Token& token) {
  JsonObject object;
  object.text("id", token.id);
  object.text("machine", token.machine);
  object.text("label", token.label);
  object.text("createdAt", time_text(token.created_at));
  return object;
}

JsonObject project_json(const Project& project) {
  JsonObject object;
  object.text("slug", project.slug);
  object.text_or_null("machine", project.machine);
  object.number("defaultPort", project.default_port);
  object.boolean("suspended", project.suspended);
  object.raw("policy", project.policy);
  object.raw("metadata", project.metadata);
  object.text("createdAt", time_text(project.created_at));
  object.raw("limits", project.limits);
  object.boolean("wildcardCertificate", project.wildcard_certificate);
  return object;
}

JsonObject service_json(const Service& service) {
  JsonObject object;
  object.text("project", service.project);
  object.text("name", service.name);
  object.number("port", service.port);
  object.text_or_null("machine", service.machine);
  object.raw("policy", service.policy);
  return object;
}

// As the API takes it, which refuses a query: a `?` of a path is kept as itself.
std::string written(std::string pattern) {
  for (size_t at = pattern.find('?'); at != std::string::npos; at = pattern.find('?', at))
    pattern.replace(at, 1, "%3F");
  return pattern;
}

JsonObject route_json(const Route& route) {
  JsonArray patterns;
  for (const RoutePattern& pattern : route.patterns) {
    JsonObject object;
    object.text("pattern", written(pattern.shown()));
    object.raw("target", target_json(pattern.target));
    object.raw("policy", pattern.policy);
    patterns.add(std::move(object).take());
  }
  JsonObject object;
  object.text("id", route.id);
  object.raw("patterns", std::move(patterns).take());
  object.text_or_null("externalId", route.external_id);
  object.raw("metadata", route.metadata);
  object.text("createdAt", time_text(route.created_at));
  object.text_or_null("owner", route.owner);
  expiry(object, route.expires_at);
  return object;
}

JsonObject domain_json(const Domain& domain) {
  JsonObject object;
  object.text("name", domain.name);
  object.text("project", domain.project);
  object.text("createdAt", time_text(domain.created_at));
  return object;
}

JsonObject share_json(const Share& share) {
  JsonObject object;
  object.text("id", share.id);
  object.text("host", share.host);
  object.text("path", share.path);
  object.text("machine", share.machine);
  object.number("port", share.port);
  object.text_or_null("project", share.project);
  object.text("label", share.label);
  object.text("createdAt", time_text(share.created_at));
  expiry(object, share.expires_at);
  return object;
}

JsonObject access_token_json(const AccessToken& token) {
  JsonObject object;
  object.text("id", token.id);
  object.text("role", token.role);
  object.text("label", token.label);
  object.text("createdAt", time_text(token.created_at));
  expiry(object, token.expires_at);
  return object;
}

JsonObject join_token_json(const JoinToken& token) {
  JsonObject object;
  object.text("id", token.id);
  object.text_or_null("project", token.project);
  object.text("label", token.label);
  if (token.uses_left < 0) {
    object.null("usesLeft");
  } else {
    object.number("usesLeft", token.uses_left);
  }
  object.text("createdAt", time_text(token.created_at));
  expiry(object, token.expires_at);
  return object;
}

JsonObject tunnel_json(const TunnelInfo& tunnel) {
  JsonObject object;
  object.text("id", tunnel.id);
  object.text("machine", tunnel.machine);
  object.text("instance", tunnel.instance);
  object.number("slot", tunnel.slot);
  object.number("loop", static_cast<int64_t>(tunnel.loop));
  object.text("peer", tunnel.peer);
  object.text("agentVersion", tunnel.agent_version);
  object.text("connectedAt", time_text(tunnel.connected_at));
  object.number("streams", static_cast<int64_t>(tunnel.streams));
  object.number("receivedBytes", static_cast<int64_t>(tunnel.received_bytes));
  object.number("sentBytes", static_cast<int64_t>(tunnel.sent_bytes));
  object.fraction("roundTripMs", tunnel.round_trip_ms);
  object.boolean("draining", tunnel.draining);
  return object;
}

JsonObject change_json(const ChangeRow& change) {
  JsonObject object;
  object.number("revision", change.revision);
  object.text("at", time_text_ms(change.at));
  object.text("actor", change.actor);
  object.text("operation", change.operation);
  object.text("subject", change.subject);
  raw_or_null(object, "before", change.before);
  raw_or_null(object, "after", change.after);
  return object;
}

}  // namespace ingress::broker::admin
