// The rows of the route table as plain values: what the store keeps, the index serves and the admin API shows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ingress::broker {

enum class MachineState : uint8_t { kStarting, kActive, kDetached, kArchived };

struct Machine {
  std::string id;
  MachineState state = MachineState::kActive;
  int default_port = 3000;
  std::string metadata = "{}";  // JSON object
  int64_t created_at = 0;       // Unix seconds
  std::string owner;            // slug of the project that it belongs to, "" for the operator's
  std::string policy = "{}";    // JSON object
  int64_t expires_at = 0;       // Unix seconds, 0 for never
};

struct Token {
  std::string id;       // public handle
  std::string machine;  // machine id
  std::string sha256;   // hex of the secret's hash; the secret itself is shown once and never kept
  std::string label;
  int64_t created_at = 0;
};

struct Project {
  std::string slug;
  std::string machine;  // attached machine id, "" for none
  int default_port = 3000;
  bool suspended = false;
  std::string policy = "{}";  // JSON object
  std::string metadata = "{}";
  int64_t created_at = 0;
  std::string limits = "{}";          // JSON object, see policy/project_limits.h
  bool wildcard_certificate = false;  // it asks for one of *.slug.DOMAIN
};

struct Service {
  std::string project;
  std::string name;
  int port = 0;
  std::string machine;  // "" for the project's attached machine
  std::string policy = "{}";
};

// Where a pattern of a route leads. One of: machine (+ port, or a service of the route's owner, or its default),
// project
// (+ port or service or its default). Names may hold captures of the pattern: "ws-{project}-{user}".
struct RouteTarget {
  std::string machine;
  std::string project;
  std::string service;
  int port = 0;  // 0: the default port
};

struct RoutePattern {
  // Of hosts and paths, normalised, without the names of captures: "a.example.com", "*.example.com", "**.example.com",
  // "*__x.example.com", "a.example.com/api/*/*". No other route has the same.
  std::string pattern;
  RouteTarget target;
  std::string policy = "{}";
  // As it is written, where that is another text: "{repl}.example.com", "a.example.com/*/b".
  std::string text = {};

  const std::string& shown() const { return text.empty() ? pattern : text; }
};

struct Route {
  std::string id;  // "rt_…"
  std::vector<RoutePattern> patterns;
  std::string external_id;
  std::string metadata = "{}";
  int64_t created_at = 0;
  std::string owner;       // slug of the project that it belongs to, "" for the operator's
  int64_t expires_at = 0;  // Unix seconds, 0 for never
};

// A project's custom domain.
struct Domain {
  std::string name;  // "example.com"
  std::string project;
  int64_t created_at = 0;
};

// A link that lets in whoever has it, to one host and path.
struct Share {
  std::string id;    // "sh_p_…" of a project's host, "sh_…" of another
  std::string host;  // normalised
  std::string path = "/";
  std::string
      machine;  // that the host led to when it was made: the link of a host that is no project's is for it alone
  int port = 0;
  // That the host belongs to: the link is for it, whatever its machine is. Of a host that is no project's the one that
  // made it. "" for none.
  std::string project;
  std::string sha256;  // hex of the secret's hash
  std::string label;
  int64_t created_at = 0;
  int64_t expires_at = 0;  // Unix seconds, 0 for never
};

// How the ids of shares begin. That it was a project's host stands in the id, since nothing tells it later: the route
// that led from a host to a machine may have gone.
inline constexpr const char* kProjectHostShare = "sh_p_";
inline constexpr const char* kOtherShare = "sh_";
inline bool is_of_project_host(const Share& share) { return share.id.starts_with(kProjectHostShare); }

// Lets in to the admin API, as far as its role goes.
struct AccessToken {
  std::string id;      // "at_…"
  std::string role;    // as parse_role takes it
  std::string sha256;  // hex of the secret's hash
  std::string label;
  int64_t created_at = 0;
  int64_t expires_at = 0;  // Unix seconds, 0 for never
  bool rotated = false;    // another one was made in its place; no JSON has it
};

// Lets an agent make its machine: its first HELLO with a machine id that is free does.
struct JoinToken {
  std::string id;       // "jt_…"
  std::string project;  // that the machines belong to, "" for the operator
  std::string sha256;   // hex of the secret's hash
  std::string label;
  int64_t uses_left = 1;  // -1 for any number
  int64_t created_at = 0;
  int64_t expires_at = 0;  // Unix seconds, 0 for never
};

// One row of the audit log and feed.
struct ChangeRow {
  int64_t revision = 0;
  int64_t at = 0;         // Unix milliseconds
  std::string actor;      // "unix:0", "admin"
  std::string operation;  // "machine.create"
  std::string subject;    // "mach_123"
  std::string before;     // JSON, "" where none; secrets left out
  std::string after;
  std::string project = {};  // whose token may see it too, "" for the operator's alone
};

}  // namespace ingress::broker
