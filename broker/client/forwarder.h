// Answers public requests: host → machine → stream, or an error that names the hop. Thread: the loop's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "broker/admission/admission.h"
#include "broker/carrier/carrier.h"
#include "broker/client/memory_budget.h"
#include "broker/client/parking_lot.h"
#include "broker/observe/exchange_observer.h"
#include "broker/routing/route_table.h"
#include "broker/tunnel/machine_book.h"
#include "broker/tunnel/recent_machines.h"
#include "broker/wake/waker.h"
#include "common/http/forward_rules.h"
#include "common/server/exchange.h"
#include "common/uv/loop.h"
#include "common/uv/timer.h"

namespace ingress::broker {

class Forward;

// What requests do whose machine has no tunnel.
struct Waiting {
  ParkingLot& lot;
  const RecentMachines& recent;
  Waker& waker;
  Duration park{0};  // how long one waits where its policy does not say; 0: not at all
};

class Forwarder final : public server::RequestAcceptor, private OpenExchanges {
 public:
  // All outlive the forwarder.
  Forwarder(uv::Loop& loop, const RouteTable& routes, Admission& admission, Carrier& carrier, Waiting waiting,
            const MemoryBudget& memory, ExchangeObserver& observer);
  ~Forwarder();  // no exchange may be left

  server::RequestHandler* on_request(server::Responder& responder, const http::RequestHead& head,
                                     const server::RequestInfo& info) override;
  http::ErrorAnswer on_unreadable(const Error& error, const server::UnreadableRequest& request) override;

  // How long a request that has to wait does from now on, where its policy does not say.
  void set_park(Duration park) { waiting_.park = park; }

  // Where the ports are that an error names. It outlives the forwarder.
  void set_book(const MachineBook& book) { book_ = &book; }

  size_t running() const { return running_; }
  // Of those one began `age` ago, or earlier, or is an Upgrade, which may last whatever its age.
  bool has_lasting(Duration age) const;
  // A route or a machine was given a time to live: what is open learns of it, soon.
  void look_at_times();

 private:
  friend class Forward;
  struct Work;

  // OpenExchanges
  void tell_lasting() override;

  Forward* take();
  void give_back(Forward* forward);
  // The machine's ports that listen and that everybody may reach; nullopt where its agent has not told.
  std::optional<std::vector<int>> listening(std::string_view machine, int asked) const;
  // Calls forward.again() at the end of this iteration.
  void again_later(Forward& forward);
  // Asks it twice a second whether it is still welcome, and cuts it where it is not.
  void watch_over(Forward& forward);
  void look_at_watched();
  void look_at_some_times();

  uv::Loop& loop_;
  const RouteTable& routes_;
  Admission& admission_;
  Carrier& carrier_;
  Waiting waiting_;
  const MemoryBudget& memory_;
  ExchangeObserver& observer_;
  const MachineBook* book_ = nullptr;
  http::RandomIds ids_;
  std::unique_ptr<Work> work_;  // scratch of the request or head in hand
  std::vector<std::unique_ptr<Forward>> all_;
  std::vector<Forward*> spare_;
  std::vector<Forward*> again_;  // whose stream broke in this iteration
  std::unordered_set<Forward*> watched_;
  uv::Timer watch_timer_;
  uv::Timer times_timer_;
  size_t running_ = 0;
  size_t timed_ = 0;      // of all_, by look_at_some_times()
  size_t untimed_ = 0;    // how many are still to be looked at
  size_t looked_at_ = 0;  // of all_, by tell_lasting()
};

}  // namespace ingress::broker
