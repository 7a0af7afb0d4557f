// A store on a file of its own whose transactions read while they are made.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "broker/store/draft.h"
#include "broker/store/expired_rows.h"
#include "broker/store/undo.h"
#include "tests/unit/broker/store/store_fixture.h"

namespace ingress::broker {

class DraftFixture : public StoreFixture {
 public:
  Outcome transact(Store::Make make) {
    Outcome outcome;
    store->transact("tester", 1234, std::move(make), [this, &outcome](Outcome result) {
      outcome = std::move(result);
      answered();
    });
    wait(1);
    return outcome;
  }
  template <class Answer>
  Answer ask(std::function<Answer(Tables&)> look) {
    Answer answer;
    store->read([&answer, &look](Tables& tables) { answer = look(tables); }, [this](Status) { answered(); });
    wait(1);
    return answer;
  }
  Outcome undo(int64_t revision) {
    return transact([revision](Draft& draft) -> tl::expected<void, StoreError> {
      tl::expected<Change, StoreError> inverse = inverse_of(*draft.tables().change(revision), draft.tables());
      if (!inverse) return tl::unexpected(inverse.error());
      return draft.put(std::move(*inverse));
    });
  }
  Machine expiring(const std::string& id, int64_t at) {
    Machine made = machine(id);
    made.expires_at = at;
    return made;
  }
  size_t sweep(int64_t time) {
    size_t count = 0;
    const Outcome done = transact([time, &count](Draft& draft) -> tl::expected<void, StoreError> {
      const auto deleted = delete_expired(draft, time);
      if (!deleted) return tl::unexpected(deleted.error());
      count = *deleted;
      return {};
    });
    REQUIRE(done.has_value());
    return count;
  }
};

}  // namespace ingress::broker
