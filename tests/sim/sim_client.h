// A client of the broker: sends its requests one after the other, on one connection while that is kept, and holds the
// answers against the ledger.
#pragma once

#include <memory>
#include <vector>

#include "tests/sim/ledger.h"
#include "tests/sim/network.h"

namespace ingress::sim {

class SimClient {
 public:
  SimClient(Network& network, Host& host, std::vector<ExchangeRecord*> exchanges,
            std::function<void(ExchangeRecord&)> on_over);
  ~SimClient();

  void start();
  bool done() const { return next_ == exchanges_.size() && connection_ == nullptr; }

 private:
  class Talking;

  void send_next();
  void over(Outcome outcome, bool goes_on);
  void drop();

  Network& network_;
  Host& host_;
  std::vector<ExchangeRecord*> exchanges_;
  std::function<void(ExchangeRecord&)> on_over_;
  size_t next_ = 0;
  std::unique_ptr<Talking> connection_;
};

}  // namespace ingress::sim
