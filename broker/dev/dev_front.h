// In front of the forwarder on a laptop: the host that a request means where its client cannot set one (host_choice.h),
// and the landing page. Thread: the loop's.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "broker/dev/host_choice.h"
#include "broker/dev/landing.h"
#include "common/server/exchange.h"
#include "common/uv/loop.h"

namespace ingress::broker::dev {

class DevFront final : public server::RequestAcceptor {
 public:
  // All outlive it.
  DevFront(uv::Loop& loop, const HostChoiceRules& rules, const Landing& landing, server::RequestAcceptor& next);
  ~DevFront();

  server::RequestHandler* on_request(server::Responder& responder, const http::RequestHead& head,
                                     const server::RequestInfo& info) override;
  http::ErrorAnswer on_unreadable(const Error& error, const server::UnreadableRequest& request) override;

 private:
  class Keeping;

  // The head as it goes on: another Host, without what chose it. Valid until the next request.
  void rewrite(const http::RequestHead& head, std::string_view target, const std::string& host);
  void drop(Keeping& exchange);

  uv::Loop& loop_;
  const HostChoiceRules& rules_;
  const Landing& landing_;
  server::RequestAcceptor& next_;
  http::RequestHead head_;
  std::string host_;
  std::deque<std::string> cookies_;  // views of them are in head_
  std::unordered_map<Keeping*, std::unique_ptr<Keeping>> keeping_;
};

}  // namespace ingress::broker::dev
