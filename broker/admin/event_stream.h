// text/event-stream (WHATWG HTML, 9.2): the answer, its events, and the comment that keeps a quiet one alive. Thread:
// the loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "broker/admin/answer.h"
#include "broker/admin/body_source.h"
#include "common/uv/loop.h"
#include "common/uv/timer.h"

namespace ingress::broker::admin {

Answer event_stream_answer(std::shared_ptr<BodySource> source);

// `data` is JSON: a line break in it, which is space there, becomes one. `id` 0 is none.
std::string event_text(std::string_view event, std::string_view data, int64_t id = 0);

// Writes a comment every 15 s, where the reader takes it.
class Heartbeat {
 public:
  static constexpr Duration kInterval{15000};

  // The sink outlives it.
  Heartbeat(uv::Loop& loop, BodySink& sink);

 private:
  uv::Timer timer_;
};

}  // namespace ingress::broker::admin
