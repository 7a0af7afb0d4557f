#include "broker/observe/exchange_observer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "broker/observe/record_line.h"

namespace ingress::broker {

ExchangeObserver::ExchangeObserver(uv::Loop& loop)
    : loop_(loop), sweep_timer_(loop, [this] { machines_.sweep(loop_.now()); }) {
  sweep_timer_.start(kSweepInterval, kSweepInterval);
  sweep_timer_.unref();
}

void ExchangeObserver::ended(const ExchangeRecord& record, MachineCounts* machine, FineTime now) {
  counts_.add(record);
  if (machine != nullptr) {
    ++machine->requests;
    machine->errors += record.failed ? 1 : 0;
    if (record.times.first_byte) machine->first_byte.add(*record.times.first_byte);
    leave(*machine);
  }
  if (access_log_ != nullptr) access_log_->write(record, stamp_.at(now));
  if (!taps_.empty()) tell("exchange", record, now);
}

void ExchangeObserver::tell(std::string_view event, const ExchangeRecord& record, FineTime now) {
  std::string text;  // made for the first one that wants it
  for (const std::shared_ptr<ExchangeTap>& tap : taps_) {
    if (!tap->wants(record)) continue;
    if (text.empty()) {
      text.append("event: ").append(event).append("\ndata: ");
      const size_t before = text.size();
      text.resize(before + most_line_bytes(record));
      auto* const begin = reinterpret_cast<uint8_t*>(text.data());
      text.resize(static_cast<size_t>(write_line(begin + before, record, stamp_.at(now)) - begin));
      text += "\n\n";
    }
    tap->put(text);
  }
}

void ExchangeObserver::add(std::shared_ptr<ExchangeTap> tap) {
  taps_.push_back(std::move(tap));
  if (look_timer_ != nullptr) return;
  look_timer_ = std::make_unique<uv::Timer>(loop_, [this] {
    if (open_ != nullptr) open_->tell_lasting();
  });
  look_timer_->start(kLookInterval, kLookInterval);
  look_timer_->unref();
}

void ExchangeObserver::remove(const std::shared_ptr<ExchangeTap>& tap) {
  std::erase(taps_, tap);
  if (taps_.empty()) look_timer_.reset();
}

}  // namespace ingress::broker
