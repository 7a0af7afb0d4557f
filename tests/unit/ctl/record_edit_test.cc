#include "ctl/record_edit.h"

#include <doctest/doctest.h>

namespace ingress::ctl {
namespace {

// A record as the admin API keeps one: written only by who has read its last state.
class KeptRecord {
 public:
  RecordPlace place() {
    return {[this] { return read(); }, [this](const Json& body, const std::string& etag) { return write(body, etag); }};
  }
  // Others that write between a read and the write that follows.
  std::function<void(KeptRecord&)> others = [](KeptRecord&) {};
  Json record = Json::object();
  int state = 0;
  int reads = 0;

 private:
  Outcome<TaggedRecord> read() {
    ++reads;
    TaggedRecord now{record, std::to_string(state)};
    others(*this);
    return now;
  }
  Outcome<Json> write(const Json& body, const std::string& etag) {
    if (etag != std::to_string(state)) {
      return tl::unexpected<Failure>(Failure{1, "the record was changed meanwhile", "precondition_failed"});
    }
    ++state;
    record = body;
    return record;
  }
};

// What a command does that sets one key.
MakeBody with_key(const std::string& key) {
  return [key](const Json& before) -> Outcome<Json> {
    Json after = before;
    after[key] = true;
    return after;
  };
}

TEST_CASE("what another wrote between the read and the write is kept") {
  KeptRecord kept;
  kept.others = [](KeptRecord& record) {
    if (record.reads > 1) return;
    record.record["deny"] = true;
    ++record.state;
  };
  const Outcome<Json> done = edit_record(kept.place(), with_key("host"));
  REQUIRE(done);
  CHECK(*done == Json{{"deny", true}, {"host", true}});
  CHECK(kept.reads == 2);
}

TEST_CASE("a record that is another one each time is left alone in the end, with a sentence") {
  KeptRecord kept;
  kept.others = [](KeptRecord& record) { ++record.state; };
  const Outcome<Json> done = edit_record(kept.place(), with_key("host"));
  REQUIRE_FALSE(done);
  CHECK(done.error().exit_code == 1);
  CHECK(done.error().code == "precondition_failed");
  CHECK(done.error().sentence.find("nothing was changed") == 0);
  CHECK(kept.reads == kMostEdits);
  CHECK(kept.record == Json::object());
}

TEST_CASE("other failures end it at once") {
  KeptRecord kept;
  const auto refused = [](const Json&) -> Outcome<Json> { return wrong_usage("--policy is not a JSON object"); };
  CHECK(edit_record(kept.place(), refused).error().exit_code == 2);
  RecordPlace place = kept.place();
  place.write = [](const Json&, const std::string&) -> Outcome<Json> { return failed("no space"); };
  CHECK(edit_record(place, with_key("host")).error().sentence == "no space");
  CHECK(kept.reads == 2);
  place.read = []() -> Outcome<TaggedRecord> { return failed("there is none"); };
  CHECK(edit_record(place, with_key("host")).error().sentence == "there is none");
}

}  // namespace
}  // namespace ingress::ctl
