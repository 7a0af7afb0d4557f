#include "common/uv/loop.h"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/uv/timer.h"

using ingress::Deadline;
using ingress::DeadlineHandler;
using ingress::Duration;
using ingress::uv::Buryable;
using ingress::uv::Flushable;
using ingress::uv::Loop;
using ingress::uv::Timer;

namespace {

using Journal = std::vector<std::string>;

struct Dirty final : Flushable {
  Dirty(Loop& on, Journal& to, std::string as) : loop(on), journal(to), name(std::move(as)) {}
  ~Dirty() { loop.forget_flush(*this); }
  void flush() override {
    journal.push_back("flush " + name);
    if (then) std::exchange(then, nullptr)();
  }
  Loop& loop;
  Journal& journal;
  std::string name;
  std::function<void()> then;
};

struct Mortal : Buryable {
  Mortal(Journal& to, std::string as, std::function<void()> last = nullptr)
      : journal(to), name(std::move(as)), last_words(std::move(last)) {}
  ~Mortal() override {
    journal.push_back("bury " + name);
    if (last_words) last_words();
  }
  Journal& journal;
  std::string name;
  std::function<void()> last_words;
};

struct Fired final : DeadlineHandler {
  void on_deadline(Deadline&) override { ++count; }
  int count = 0;
};

}  // namespace

TEST_CASE("a loop without anything to do ends at once") {
  Loop loop;
  loop.run();
}

TEST_CASE("tasks run before flushes, flushes before burials, each in order, without another wake") {
  Loop loop;
  Journal journal;
  Dirty a(loop, journal, "a");
  Dirty b(loop, journal, "b");
  Timer timer(loop, [&loop, &journal, &a, &b] {
    loop.bury(std::make_unique<Mortal>(journal, "x"));
    loop.flush_later(a);
    loop.flush_later(b);
    loop.flush_later(a);
    loop.defer([&journal] { journal.push_back("task"); });
    journal.push_back("callback");
  });
  timer.start(Duration(0));
  loop.run();
  CHECK(journal == Journal{"callback", "task", "flush a", "flush b", "bury x"});
}

TEST_CASE("what flushes and burials make dirty is flushed in the same iteration") {
  Loop loop;
  Journal journal;
  Dirty a(loop, journal, "a");
  Dirty b(loop, journal, "b");
  a.then = [&loop, &b, &journal, &a] {
    loop.flush_later(b);
    loop.bury(std::make_unique<Mortal>(journal, "x", [&loop, &a, &journal] {
      loop.flush_later(a);
      loop.bury(std::make_unique<Mortal>(journal, "y"));
    }));
  };
  loop.flush_later(a);
  loop.run();
  CHECK(journal == Journal{"flush a", "flush b", "bury x", "bury y", "flush a"});
}

TEST_CASE("a flushable that is forgotten or dies is not flushed") {
  Loop loop;
  Journal journal;
  Dirty first(loop, journal, "first");
  auto middle = std::make_unique<Dirty>(loop, journal, "middle");
  Dirty last(loop, journal, "last");
  loop.flush_later(first);
  loop.flush_later(*middle);
  loop.flush_later(last);
  middle.reset();
  loop.forget_flush(last);
  Dirty added(loop, journal, "added");
  loop.flush_later(added);
  loop.run();
  CHECK(journal == Journal{"flush first", "flush added"});
}

TEST_CASE("a task that defers a task lets the loop turn between the two, without waiting") {
  Loop loop;
  int turns = 0;
  std::function<void()> again = [&loop, &turns, &again] {
    if (++turns < 5) loop.defer(again);
  };
  loop.defer(again);
  const auto before = loop.iteration();
  loop.run();
  CHECK(turns == 5);
  CHECK(loop.iteration() - before >= 5);
}

TEST_CASE("stop ends the loop after the output of the last callbacks was flushed") {
  Loop loop;
  Journal journal;
  Dirty dirty(loop, journal, "dirty");
  Timer endless(loop, [] {});
  endless.start(Duration(3'600'000));
  Timer timer(loop, [&loop, &dirty] {
    loop.flush_later(dirty);
    loop.stop();
  });
  timer.start(Duration(0));
  loop.run();
  CHECK(journal == Journal{"flush dirty"});
}

TEST_CASE("a loop that runs until it is stopped waits for that with nothing to do") {
  Loop loop;
  std::thread other([&loop] { loop.post([&loop] { loop.stop(); }); });
  loop.run_until_stopped();
  other.join();
  loop.run();  // ends at once again
}

TEST_CASE("posts from another thread run on the loop's") {
  Loop loop;
  const auto loop_thread = std::this_thread::get_id();
  int ran = 0;
  Timer endless(loop, [] {});
  endless.start(Duration(3'600'000));
  std::thread other([&loop, &ran, loop_thread] {
    for (int i = 0; i < 100; ++i) {
      loop.post([&loop, &ran, loop_thread] {
        CHECK(std::this_thread::get_id() == loop_thread);
        if (++ran == 100) loop.stop();
      });
    }
  });
  loop.run();
  other.join();
  CHECK(ran == 100);
}

TEST_CASE("an armed deadline keeps the loop running until it has fired, a cancelled one does not") {
  Loop loop;
  Fired fired;
  Deadline deadline(loop.deadlines(), fired);
  Deadline cancelled(loop.deadlines(), fired);
  cancelled.arm(loop.now() + Duration(3'600'000));
  cancelled.cancel();
  deadline.arm(loop.now() + Duration(1));
  loop.run();
  CHECK(fired.count == 1);
}

TEST_CASE("a timer may be destroyed in its own callback") {
  Loop loop;
  int fired = 0;
  auto timer = std::make_unique<std::unique_ptr<Timer>>();
  auto* const slot = timer.get();
  *timer = std::make_unique<Timer>(loop, [slot, &fired] {
    slot->reset();
    ++fired;
  });
  (*timer)->start(Duration(0), Duration(1));
  loop.run();
  CHECK(fired == 1);
}

TEST_CASE("an unref'd timer does not keep the loop running") {
  Loop loop;
  Timer timer(loop, [] {});
  timer.start(Duration(3'600'000));
  timer.unref();
  loop.run();
}

TEST_CASE("the shared buffers are apart, of full size and have headroom") {
  Loop loop;
  const auto read = loop.read_buffer();
  const auto plain = loop.plain_buffer();
  CHECK(read.size() == Loop::kReadBufferBytes);
  CHECK(plain.size() == Loop::kReadBufferBytes);
  std::memset(read.data() - ingress::kHeadroomBytes, 1, read.size() + ingress::kHeadroomBytes);
  std::memset(plain.data() - ingress::kHeadroomBytes, 2, plain.size() + ingress::kHeadroomBytes);
  CHECK(read.back() == 1);
}
