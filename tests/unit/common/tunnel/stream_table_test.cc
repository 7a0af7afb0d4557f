#include "common/tunnel/stream_table.h"

#include <map>
#include <random>

#include "common/tunnel/session_core.h"
#include "session_pair.h"

namespace ingress::tunnel {
namespace {

// Streams with ids of a test's choice come from sessions only; a pair hands them out in order.
struct Streams {
  Streams() {
    pair.establish();
    for (int i = 0; i < 600; ++i) {
      recorders.push_back(std::make_unique<test::Recorder>());
      all.push_back(pair.open(*recorders.back()));
    }
  }
  test::Pair pair;
  std::vector<std::unique_ptr<test::Recorder>> recorders;
  std::vector<Stream*> all;
};

TEST_CASE("the table finds what is in it and nothing else, through growth and removal in any order") {
  Streams streams;
  StreamTable table;
  std::map<uint32_t, Stream*> model;
  std::mt19937 random(7);
  CHECK(table.find(1) == nullptr);
  for (int step = 0; step < 20000; ++step) {
    // Phases of growing and of shrinking.
    Stream* stream = streams.all[random() % streams.all.size()];
    const bool grow = (step / 1500) % 2 == 0;
    const bool inside = model.count(stream->id()) != 0;
    if (!inside && (grow || random() % 8 == 0)) {
      table.insert(stream);
      model[stream->id()] = stream;
    } else if (inside && (!grow || random() % 8 == 0)) {
      table.erase(stream->id());
      model.erase(stream->id());
    }
    REQUIRE(table.size() == model.size());
    const uint32_t asked = static_cast<uint32_t>(random() % 700);
    REQUIRE(table.find(asked) == (model.count(asked) != 0 ? model[asked] : nullptr));
  }
  size_t found = 0;
  uint32_t cursor = 0;
  while (Stream* stream = table.next(cursor)) {
    REQUIRE(model.erase(stream->id()) == 1);
    table.erase(stream->id());
    ++found;
  }
  CHECK(model.empty());
  CHECK(table.empty());
  table.release();
  CHECK(table.find(1) == nullptr);
}

}  // namespace
}  // namespace ingress::tunnel
