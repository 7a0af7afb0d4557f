// An HTTP server on a machine: reads each request to its end, holds it against the ledger and answers as planned there.
#pragma once

#include <list>
#include <memory>

#include "tests/sim/ledger.h"
#include "tests/sim/network.h"

namespace ingress::sim {

class SimOrigin final : private SocketWatcher {
 public:
  SimOrigin(Network& network, Host& host, uint16_t port, Ledger& ledger);
  ~SimOrigin();

  void start();
  // Its process dies: connections end, nobody listens.
  void stop();
  // Closes connections on which no request is under way, as servers do whenever they like.
  void close_idle();
  size_t connections() const { return connections_.size(); }

 private:
  class Serving;

  void on_socket_change() override;
  void forget(Serving& serving);

  Network& network_;
  Host& host_;
  uint16_t port_;
  Ledger& ledger_;
  std::shared_ptr<ListenPoint> point_;
  std::list<std::unique_ptr<Serving>> connections_;
};

}  // namespace ingress::sim
