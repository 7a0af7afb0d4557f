#include "ctl/event_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace ingress::ctl {
namespace {

// "name|data|id" of each event.
std::vector<std::string> read(std::string_view text, size_t piece) {
  std::vector<std::string> events;
  EventReader reader(
      [&events](const Event& event) { events.push_back(event.name + "|" + event.data + "|" + event.id); });
  for (size_t at = 0; at < text.size(); at += piece) CHECK(reader.feed(text.substr(at, piece)));
  return events;
}

TEST_CASE("events are read in whatever pieces they come") {
  const std::string text =
      ":\n\nid: 7\nevent: change\ndata: {\"a\":1}\n\n: a comment\nevent: lost\ndata:x\ndata:  y\n\ndata: plain\n\n"
      "event: nothing\n\nid\ndata\n\nunknown: z\ndata: unfinished\n";
  const std::vector<std::string> expected = {"change|{\"a\":1}|7", "lost|x\n y|7", "message|plain|7", "message||"};
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{7}, text.size()}) {
    CAPTURE(piece);
    CHECK(read(text, piece) == expected);
  }
}

TEST_CASE("lines end by LF, CR or both") {
  for (const char* text : {"event: e\ndata: d\n\n", "event: e\rdata: d\r\r", "event: e\r\ndata: d\r\n\r\n"}) {
    CHECK(read(text, 1) == std::vector<std::string>{"e|d|"});
  }
}

TEST_CASE("an event without an end is not gathered for ever") {
  EventReader reader([](const Event&) {});
  const std::string piece(EventReader::kMostEventBytes / 4, 'x');
  for (int i = 0; i < 4; ++i) CHECK(reader.feed(piece));
  CHECK_FALSE(reader.feed("x"));
}

}  // namespace
}  // namespace ingress::ctl
