#include "broker/dev/taken_places.h"

#include <cerrno>
#include <filesystem>

#include "common/database/database_lock.h"
#include "common/uv/free_address.h"
#include "common/uv/inherited_sockets.h"

namespace ingress::broker::dev {
namespace {

constexpr int kHighPort = 60000;
constexpr int kOtherPort = 1000;  // from a port that is taken to the one that is proposed

std::string database_taken(const DevConfig& config) {
  std::error_code error;
  if (!std::filesystem::exists(db::DatabaseLock::file_of(config.database()), error)) return "";
  db::DatabaseLock lock;
  const Status locked = lock.take(config.database(), Duration{0});
  if (locked || locked.error().code != ErrorCode::kConflict) return "";
  return "another `ingress-broker dev` runs with the database " + config.database() +
         ": end it by Ctrl-C, or give this one a folder and a port of its own, e.g. --state-dir ~/other-dev "
         "--https :9443";
}

// As its flag takes it; `:PORT` is both families of loopback.
std::string other_address(uv::Address address) {
  address.port += address.port < kHighPort ? kOtherPort : -kOtherPort;
  return address.is_loopback() ? ":" + std::to_string(address.port) : address.to_text();
}

std::string address_taken(const char* flag, const uv::Address& address) {
  if (!address.unix_path.empty() || address.port == 0 || looks_free(address)) return "";
  // Good where the socket was passed in. What else can be wrong with an address, the listener says.
  const Status held = uv::hold_socket(address);
  if (held || held.error().sys_errno != EADDRINUSE) return "";
  return address.to_text() + " is taken, another program listens there: end that, or say another address, e.g. " +
         flag + " " + other_address(address);
}

std::string addresses_taken(const char* flag, const std::vector<uv::Address>& addresses) {
  for (const uv::Address& address : addresses) {
    if (std::string problem = address_taken(flag, address); !problem.empty()) return problem;
  }
  return "";
}

}  // namespace

// Of "::" uv::is_free() asks for IPv6 alone.
bool looks_free(const uv::Address& address) {
  return uv::is_free(address.ip == "::" ? uv::Address{"0.0.0.0", address.port, ""} : address);
}

std::string taken_problem(const DevConfig& config) {
  std::string problem = database_taken(config);
  if (problem.empty()) problem = addresses_taken("--https", config.https);
  if (problem.empty()) problem = addresses_taken("--http", config.http);
  if (problem.empty()) problem = addresses_taken("--admin", config.admin);
  return problem;
}

}  // namespace ingress::broker::dev
