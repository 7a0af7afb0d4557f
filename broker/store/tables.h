// The rows of the tables as records. No rule is checked here (see TransactionWriter). Failures stick in the database.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/model/records.h"
#include "common/database/database.h"

namespace ingress::broker {

class Tables {
 public:
  explicit Tables(db::Database& database) : database_(database) {}

  std::optional<Machine> machine(std::string_view id);
  std::string machine_of_alias(std::string_view alias);  // "" where none
  std::optional<Token> token(std::string_view machine, std::string_view id);
  std::optional<Project> project(std::string_view slug);
  std::optional<Service> service(std::string_view project, std::string_view name);
  std::optional<Route> route(std::string_view id);
  std::optional<Domain> domain(std::string_view name);
  std::optional<Share> share(std::string_view id);

  // Who stands in the way; "" for nobody.
  std::string route_of_pattern(std::string_view pattern);
  std::string project_attached_to(std::string_view machine);
  std::string service_on(std::string_view machine);  // "misha/docs"
  std::string route_to_machine(std::string_view machine);
  std::string route_to_project(std::string_view project);
  std::string route_to_service(std::string_view project, std::string_view service);
  std::string route_owned_by(std::string_view project);
  std::string machine_owned_by(std::string_view project);

  void put(const Machine& machine);
  void put(const Token& token);
  void put(const Project& project);
  void put(const Service& service);
  void put(const Route& route);  // its patterns are replaced; none is held by another route
  void put(const Domain& domain);
  void put(const Share& share);
  void erase_machine(std::string_view id);
  void erase_token(std::string_view machine, std::string_view id);
  void erase_project(std::string_view slug);
  void erase_service(std::string_view project, std::string_view name);
  void erase_route(std::string_view id);
  void erase_pattern(std::string_view pattern);
  void erase_domain(std::string_view name);
  void erase_share(std::string_view id);

  int64_t head();  // the newest revision, 0 for none
  void append(const ChangeRow& row);
  std::vector<ChangeRow> changes_since(int64_t revision, int limit);

  std::vector<Machine> machines();
  std::vector<Token> tokens();
  std::vector<Project> projects();
  std::vector<Service> services();
  std::vector<Route> routes();
  std::vector<Domain> domains();
  std::vector<Share> shares();

 private:
  void put_pattern(const std::string& route, int64_t position, const RoutePattern& pattern);

  db::Database& database_;
};

}  // namespace ingress::broker
