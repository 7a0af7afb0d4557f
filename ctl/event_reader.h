// Reads text/event-stream (WHATWG HTML, 9.2.6), in whatever pieces it comes. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace ingress::ctl {

struct Event {
  std::string name;  // "message" where the stream says none
  std::string data;
  std::string id;  // of this event, or of the last one that had any
};

class EventReader {
 public:
  static constexpr size_t kMostEventBytes = size_t{16} * 1024 * 1024;

  // Called for each event, with data in it, in their order.
  explicit EventReader(std::function<void(const Event&)> on_event) : on_event_(std::move(on_event)) {}

  // False where an event is larger than may be; nothing more is read then.
  bool feed(std::string_view bytes);

 private:
  void line(std::string_view text);
  void dispatch();

  std::function<void(const Event&)> on_event_;
  std::string line_;
  Event event_;
  bool after_cr_ = false;  // an LF that comes now ends nothing
  bool has_data_ = false;
};

}  // namespace ingress::ctl
