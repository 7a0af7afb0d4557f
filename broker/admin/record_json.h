// The rows of the route table as JSON: what is kept, without what the broker knows beside it. Pure.
#pragma once

#include <string>

#include "broker/admin/json_object.h"
#include "broker/model/records.h"
#include "broker/tunnel/tunnel_registry.h"

namespace ingress::broker::admin {

JsonObject machine_json(const Machine& machine);
// Never the hash.
JsonObject token_json(const Token& token);
JsonObject project_json(const Project& project);
JsonObject service_json(const Service& service);
JsonObject route_json(const Route& route);
JsonObject domain_json(const Domain& domain);
JsonObject share_json(const Share& share);
JsonObject access_token_json(const AccessToken& token);
JsonObject join_token_json(const JoinToken& token);
JsonObject tunnel_json(const TunnelInfo& tunnel);
JsonObject change_json(const ChangeRow& change);

}  // namespace ingress::broker::admin
