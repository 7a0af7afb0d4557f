#include "broker/client/exchange_notes.h"

#include <utility>

#include "broker/observe/head_text.h"

namespace ingress::broker {
namespace {

RouteClass class_of(const Resolution& found) {
  if (!found.route_id.empty()) return RouteClass::kRoute;
  if (!found.pattern.empty()) return RouteClass::kDomain;
  if (!found.service.empty()) return RouteClass::kService;
  if (!found.project.empty()) return RouteClass::kProject;
  return found.machine.empty() ? RouteClass::kNone : RouteClass::kMachine;
}

}  // namespace

void ExchangeNotes::begin(FineTime now) {
  began = now;
  times = {};
  route_class = RouteClass::kNone;
  project.clear();
  tenant.clear();
  route.clear();
  trace_id.assign({});
  request_id.assign({});
  bytes_in = 0;
  machine = nullptr;
  lasting_told = 0;
  heads = {};
}

void ExchangeNotes::led(const Resolution& found) {
  route_class = class_of(found);
  project.assign(found.project);
  tenant.assign(found.tenant);
  route.assign(found.route_id);
}

void ExchangeNotes::enter(ExchangeObserver& observer, std::string_view machine_id) {
  if (machine != nullptr) observer.leave(*machine);
  machine = &observer.enter(machine_id);
}

void ExchangeNotes::let_in(FineTime now, bool opened) {
  if (!times.policy) times.policy = since_begin(now);
  if (opened) times.tunnel = since_begin(now);
}

void ExchangeNotes::sent_with(const http::RequestIds& ids) {
  trace_id.assign(ids.trace_id);
  request_id.assign(ids.request_id);
}

void ExchangeNotes::keep_heads(const http::Fields& request, const http::Fields* answer) {
  heads = "\"request_fields\":" + fields_json(request);
  if (answer != nullptr) heads += ",\"response_fields\":" + fields_json(*answer);
}

void ExchangeNotes::fill(ExchangeRecord& record, FineTime now) const {
  record.times = times;
  record.times.total = since_begin(now);
  record.route_class = route_class;
  record.project = project;
  record.tenant = tenant;
  record.route = route;
  record.trace_id = trace_id.view();
  record.request_id = request_id.view();
  record.bytes_in = bytes_in;
  record.heads = heads;
}

}  // namespace ingress::broker
