#include "broker/observe/exchange_observer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "broker/observe/head_text.h"
#include "broker/observe/record_line.h"

namespace ingress::broker {
namespace {

std::string event_text(std::string_view event, const ExchangeRecord& record, std::string_view time) {
  std::string text;
  text.append("event: ").append(event).append("\ndata: ");
  const size_t before = text.size();
  text.resize(before + most_line_bytes(record));
  auto* const begin = reinterpret_cast<uint8_t*>(text.data());
  text.resize(static_cast<size_t>(write_line(begin + before, record, time) - begin));
  return text += "\n\n";
}

std::string event_with_heads(std::string_view event, const ExchangeRecord& record, std::string_view time) {
  const std::string target = without_secrets_of_urls(record.target);
  ExchangeRecord shown = record;
  shown.target = target;
  std::string text = event_text(event, shown, time);
  constexpr std::string_view kEnd = "}\n\n";
  if (!record.heads.empty()) text.insert(text.size() - kEnd.size(), "," + std::string(record.heads));
  return text;
}

}  // namespace

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
  if (!listeners_.empty()) tell("exchange", record, 0, now);
}

void ExchangeObserver::tell(std::string_view event, const ExchangeRecord& record, uint64_t round, FineTime now) {
  // Each made for the first one that wants it.
  std::string short_text;
  std::string long_text;
  for (const auto& [tap, began] : listeners_) {
    if (began <= round || !tap->wants(record)) continue;
    std::string& text = tap->wants_heads() ? long_text : short_text;
    if (text.empty())
      text = tap->wants_heads() ? event_with_heads(event, record, stamp_.at(now))
                                : event_text(event, record, stamp_.at(now));
    tap->put(text);
  }
}

void ExchangeObserver::add(std::shared_ptr<ExchangeTap> tap) {
  heads_wanted_ += tap->wants_heads() ? 1 : 0;
  listeners_.push_back({std::move(tap), ++round_});
  if (look_timer_ != nullptr) return;
  look_timer_ = std::make_unique<uv::Timer>(loop_, [this] {
    if (open_ != nullptr) open_->tell_lasting();
  });
  look_timer_->start(kLookInterval, kLookInterval);
  look_timer_->unref();
}

void ExchangeObserver::remove(const std::shared_ptr<ExchangeTap>& tap) {
  const size_t removed = std::erase_if(listeners_, [&tap](const Listener& each) { return each.tap == tap; });
  heads_wanted_ -= tap->wants_heads() ? removed : 0;
  if (listeners_.empty()) look_timer_.reset();
}

}  // namespace ingress::broker
