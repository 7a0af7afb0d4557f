// Answers the requests of the agent's port 8080: its own two, refusals, and everything else by an origin.
// Private to agent/local.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "agent/local/admission.h"
#include "agent/local/local_server.h"
#include "agent/local/target_header.h"
#include "common/http/forward_rules.h"
#include "common/server/exchange.h"

namespace ingress::agent {

class LocalExchange;

class LocalRequests final : public server::RequestAcceptor {
 public:
  // Finished objects that are kept for the next requests.
  static constexpr size_t kMostSpare = 256;

  LocalRequests(uv::Loop& loop, const LocalOptions& options, LocalParts parts);
  // No request may be under way.
  ~LocalRequests();
  LocalRequests(const LocalRequests&) = delete;
  LocalRequests& operator=(const LocalRequests&) = delete;

  server::RequestHandler* on_request(server::Responder& responder, const http::RequestHead& head,
                                     const server::RequestInfo& info) override;
  http::ErrorAnswer on_unreadable(const Error& error, const server::UnreadableRequest& request) override;

 private:
  friend class LocalExchange;

  bool answer_own(server::Responder& responder, const http::RequestHead& head, std::string_view path) const;
  // `asked` is what the head asks for, its port that of the target.
  Result<origin::Target> target_of(const http::RequestHead& head, const server::RequestInfo& info,
                                   AskedTarget& asked) const;
  void give_back(LocalExchange& exchange);

  uv::Loop& loop_;
  LocalParts parts_;
  origin::Timeouts timeouts_;
  Admission admission_;
  std::vector<std::unique_ptr<LocalExchange>> spare_;
  size_t running_ = 0;
  // Scratch of the head that is being passed on.
  http::RandomIds ids_;
  http::Scratch scratch_;
  http::Fields request_fields_;
  http::ResponseHead answer_;
};

// `{"error":"CODE"}` and its status: the answer to everything that goes wrong at this port.
void send_error(server::Responder& responder, const Error& error);

}  // namespace ingress::agent
