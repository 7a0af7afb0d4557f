// What one loop sees of its exchanges: it counts them, has them logged, and tells them to who listens. Thread: the
// loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "broker/observe/access_log.h"
#include "broker/observe/exchange_record.h"
#include "broker/observe/exchange_tap.h"
#include "broker/observe/machine_traffic.h"
#include "broker/observe/time_stamp.h"
#include "broker/observe/traffic_counts.h"
#include "common/uv/loop.h"
#include "common/uv/timer.h"

namespace ingress::broker {

// Who knows the exchanges that are under way.
class OpenExchanges {
 public:
  // Calls ExchangeObserver::lasts() for those that have lasted for a second and were not told in this round(). Called
  // often while somebody listens, and may do a part of them at a time.
  virtual void tell_lasting() = 0;

 protected:
  ~OpenExchanges() = default;
};

class ExchangeObserver {
 public:
  static constexpr Duration kSweepInterval{60000};
  static constexpr Duration kLookInterval{100};

  explicit ExchangeObserver(uv::Loop& loop);
  ExchangeObserver(const ExchangeObserver&) = delete;
  ExchangeObserver& operator=(const ExchangeObserver&) = delete;

  // It outlives the observer.
  void open_access_log(AccessLogFile& file) { access_log_ = std::make_unique<AccessLog>(loop_, file); }
  AccessLog* access_log() { return access_log_.get(); }
  // Null: nobody any more.
  void set_open_exchanges(OpenExchanges* open) { open_ = open; }

  // A request is for this machine, until it has ended, or leave().
  MachineCounts& enter(std::string_view machine) { return machines_.enter(machine, loop_.now()); }
  void leave(MachineCounts& machine) { MachineTraffic::leave(machine, loop_.now()); }
  // Bytes of bodies, as they flow.
  void bytes_in(size_t bytes, MachineCounts* machine) {
    counts_.bytes_in += bytes;
    if (machine != nullptr) machine->bytes_in += bytes;
  }
  void bytes_out(size_t bytes, MachineCounts* machine) {
    counts_.bytes_out += bytes;
    if (machine != nullptr) machine->bytes_out += bytes;
  }
  // An exchange has ended now; `machine` may be null, and is left.
  void ended(const ExchangeRecord& record, MachineCounts* machine, FineTime now);
  // One that has lasted for a second, as far as it has come. `told` is the round that it was last told in, 0 for none:
  // it is told to those who came since.
  void lasts(const ExchangeRecord& record, uint64_t told, FineTime now) { tell("open", record, told, now); }
  // Another one with each who comes to listen; 0 before the first.
  uint64_t round() const { return round_; }

  // Who listens. A tap that is not added has no cost.
  void add(std::shared_ptr<ExchangeTap> tap);
  void remove(const std::shared_ptr<ExchangeTap>& tap);
  // Whether one of them is told the heads of exchanges: else nobody need keep them.
  bool wants_heads() const { return heads_wanted_ > 0; }

  const TrafficCounts& counts() const { return counts_; }
  std::vector<MachineRow> machines() const { return machines_.rows(); }

 private:
  struct Listener {
    std::shared_ptr<ExchangeTap> tap;
    uint64_t round;  // that it began
  };

  // To who came after that round.
  void tell(std::string_view event, const ExchangeRecord& record, uint64_t round, FineTime now);

  uv::Loop& loop_;
  std::unique_ptr<AccessLog> access_log_;  // null: none
  TrafficCounts counts_;
  MachineTraffic machines_;
  std::vector<Listener> listeners_;
  uint64_t round_ = 0;
  size_t heads_wanted_ = 0;
  OpenExchanges* open_ = nullptr;
  TimeStamp stamp_;
  uv::Timer sweep_timer_;
  std::unique_ptr<uv::Timer> look_timer_;  // while somebody listens
};

}  // namespace ingress::broker
