#include "broker/index_loader.h"

namespace ingress::broker {

void load_index(RouteTable& routes, const Snapshot& snapshot) {
  Transaction transaction;
  transaction.actor = "start";
  for (const Machine& machine : snapshot.machines) transaction.changes.emplace_back(PutMachine{machine, true});
  for (const Token& token : snapshot.tokens) transaction.changes.emplace_back(PutToken{token});
  for (const Project& project : snapshot.projects) transaction.changes.emplace_back(PutProject{project, true});
  for (const Service& service : snapshot.services) transaction.changes.emplace_back(PutService{service, true});
  for (const Route& route : snapshot.routes) transaction.changes.emplace_back(PutRoute{route, true, false});
  for (const Domain& domain : snapshot.domains) transaction.changes.emplace_back(PutDomain{domain});
  routes.fill(transaction);
}

}  // namespace ingress::broker
