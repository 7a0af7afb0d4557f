#include "broker/admin/event_stream.h"

#include <algorithm>
#include <utility>

namespace ingress::broker::admin {
namespace {

// An ingressctl of before takes a stream of less than a byte a second, reckoned over five, for one that hangs.
constexpr std::string_view kComment = ": nothing new yet\n\n";

}  // namespace

Answer event_stream_answer(std::shared_ptr<BodySource> source) {
  Answer answer{200, kEventStreamType, {}, {}};
  answer.source = std::move(source);
  return answer;
}

std::string event_text(std::string_view event, std::string_view data, int64_t id) {
  std::string text;
  if (id != 0) text.append("id: ").append(std::to_string(id)).append("\n");
  text.append("event: ").append(event).append("\ndata: ");
  const size_t begin = text.size();
  text.append(data);
  std::replace_if(
      text.begin() + static_cast<std::ptrdiff_t>(begin), text.end(), [](char c) { return c == '\n' || c == '\r'; },
      ' ');
  text += "\n\n";
  return text;
}

Heartbeat::Heartbeat(uv::Loop& loop, BodySink& sink)
    : timer_(loop, [&sink] {
        if (!sink.congested()) sink.write(kComment);
      }) {
  timer_.start(kInterval, kInterval);
  timer_.unref();
}

}  // namespace ingress::broker::admin
