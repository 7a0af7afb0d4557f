#include "broker/client/forwarder.h"

#include <cassert>
#include <utility>

#include "broker/client/forward.h"
#include "broker/client/forward_work.h"

namespace ingress::broker {

Forwarder::Forwarder(uv::Loop& loop, const RouteTable& routes, Carrier& carrier, Waiting waiting,
                     const MemoryBudget& memory, AccessLog* access_log)
    : loop_(loop),
      routes_(routes),
      carrier_(carrier),
      waiting_(waiting),
      memory_(memory),
      access_log_(access_log),
      work_(std::make_unique<Work>()) {}

Forwarder::~Forwarder() { assert(running_ == 0); }

server::RequestHandler* Forwarder::on_request(server::Responder& responder, const http::RequestHead& head,
                                              const server::RequestInfo& info) {
  Forward* forward = take();
  if (forward->start(responder, head, info)) return forward;
  give_back(forward);
  return nullptr;
}

http::ErrorAnswer Forwarder::on_unreadable(const Error& error, std::string_view client_ip) {
  const Error shown = public_error(error);
  if (access_log_ != nullptr) {
    AccessEntry entry;
    entry.client_ip = client_ip;
    entry.status = status_of(error);
    entry.error = name_of(shown.code);
    access_log_->write(entry);
  }
  http::ErrorDetails details;
  details.reason = error.context;
  return http::error_answer(error, details, {});
}

Forward* Forwarder::take() {
  ++running_;
  if (spare_.empty()) {
    all_.push_back(std::make_unique<Forward>(*this));
    return all_.back().get();
  }
  Forward* forward = spare_.back();
  spare_.pop_back();
  return forward;
}

void Forwarder::again_later(Forward& forward) {
  if (again_.empty()) {
    loop_.defer([this] {
      const std::vector<Forward*> due = std::exchange(again_, {});
      for (Forward* each : due) each->again();
    });
  }
  again_.push_back(&forward);
}

void Forwarder::give_back(Forward* forward) {
  --running_;
  spare_.push_back(forward);
}

}  // namespace ingress::broker
