// What every request of a run is to be, and what became of it: written by clients and origins, judged by invariants.h.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "tests/sim/event_queue.h"

namespace ingress::sim {

enum class Framing : uint8_t { kLength, kChunked, kTrailers, kClose };

struct ExchangePlan {
  uint32_t id = 0;
  std::string_view method = "GET";
  int machine = 0;
  size_t request_bytes = 0;
  Framing request_framing = Framing::kLength;
  size_t answer_bytes = 0;
  Framing answer_framing = Framing::kLength;
  Micros think{0};             // before the origin answers
  size_t answer_piece = 0;     // the origin pauses after each so many bytes; 0: never
  Micros answer_pause{0};      // so long
  bool interim = false;        // a 103 first
  bool early = false;          // the origin answers before it has read the body
  bool upgrade = false;        // both bodies are opaque bytes behind a 101
  bool leaves = false;         // the client closes after half of the answer
  bool origin_breaks = false;  // the origin resets after half of the answer
  size_t read_piece = 16384;   // the client reads so much at once
  Micros read_pause{0};        // and rests so long
};

enum class Outcome : uint8_t {
  kNone,      // not sent, or not answered
  kAnswered,  // an answer, whole
  kCut,       // the connection ended before that
  kLeft,      // the client went away, as planned
  kRefused,   // nobody accepted the connection
};

struct ExchangeRecord {
  ExchangePlan plan;
  Micros sent_at{0};
  Micros over_at{0};
  Outcome outcome = Outcome::kNone;
  int status = 0;             // of the final head, 0 where none came
  int answers = 0;            // final heads that came
  size_t answer_bytes = 0;    // of the body that came
  size_t sent_bytes = 0;      // of the body that left the client
  std::string code;           // of an error answer
  int times_at_origin = 0;    // heads of it that an origin read
  size_t origin_bytes = 0;    // of its body that the origin read last
  bool origin_whole = false;  // and that was all
  bool first_on_connection = true;
  bool behind_slow_reading = false;  // the client took its time to read the answer before on the connection
  bool up_when_over = false;         // its machine had a tunnel for a while when it was over
  std::string wrong;                 // what no run may show: the first of it
};

// The bytes of a body, from `offset` on: of the request (direction 0) or the answer (1) of an exchange.
std::string body_piece(uint32_t id, int direction, size_t offset, size_t size);
bool body_matches(uint32_t id, int direction, size_t offset, std::string_view bytes);

class Ledger {
 public:
  ExchangeRecord& add(const ExchangePlan& plan) {
    records_.emplace_back();
    records_.back().plan = plan;
    records_.back().plan.id = static_cast<uint32_t>(records_.size());
    return records_.back();
  }
  // Null where no exchange has that number.
  ExchangeRecord* find(uint32_t id) { return id == 0 || id > records_.size() ? nullptr : &records_[id - 1]; }
  std::deque<ExchangeRecord>& records() { return records_; }

 private:
  std::deque<ExchangeRecord> records_;  // addresses stay
};

inline void mark_wrong(ExchangeRecord& record, std::string_view what) {
  if (record.wrong.empty()) record.wrong = what;
}

}  // namespace ingress::sim
