#include "broker/acme/order_lock.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "tests/unit/temporary_folder.h"

namespace ingress::broker::acme {
namespace {

constexpr Duration kLimit{60000};
constexpr Duration kPatience{5000};
constexpr Duration kMoment{1};

// A process in a group of its own that has inherited the lock, as an order's program has.
class Holder {
 public:
  explicit Holder(bool stubborn = false) : pid_(start(stubborn)) {
    REQUIRE(pid_ > 0);
    ::setpgid(pid_, pid_);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() { ended_by(SIGKILL); }

  int group() const { return pid_; }
  // Waits for its end by the signal that was sent; sends SIGKILL itself.
  bool ended_by(int number) {
    if (pid_ == 0) return false;
    if (number == SIGKILL) ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == number;
  }

 private:
  [[noreturn]] static void wait_for_ever() {
    for (;;) ::pause();
  }
  // What it does with SIGTERM holds from its first moment on.
  static int start(bool stubborn) {
    const auto former = ::signal(SIGTERM, stubborn ? SIG_IGN : SIG_DFL);
    const int pid = ::fork();
    if (pid == 0) wait_for_ever();
    ::signal(SIGTERM, former);
    return pid;
  }

  int pid_;
};

bool can_take(const std::string& folder) { return OrderLock().take(folder); }

TEST_CASE("one at a time has it, and who inherited it and runs on keeps nobody waiting") {
  const TemporaryFolder folder;
  int inherited = -1;
  {
    OrderLock lock;
    REQUIRE(lock.take(folder.path()));
    CHECK(lock.held());
    CHECK_FALSE(can_take(folder.path()));
    inherited = ::dup(lock.fd());
  }
  CHECK(can_take(folder.path()));
  ::close(inherited);
}

TEST_CASE("where no lock can be made it is not held, and nobody is said to have it") {
  OrderLock lock;
  CHECK(lock.take("/no/such/folder"));
  CHECK_FALSE(lock.held());
}

TEST_CASE("a lock that is left behind keeps nobody waiting") {
  const TemporaryFolder folder;
  OrderLock old;
  REQUIRE(old.take(folder.path()));
  CHECK(leave_lock_behind(folder.path()));
  OrderLock fresh;
  REQUIRE(fresh.take(folder.path()));
  CHECK(fresh.held());
  old.release();
  CHECK_FALSE(can_take(folder.path()));
}

TEST_CASE("a signal goes to the group that the file names, where it has the lock, and to no other") {
  const TemporaryFolder folder;
  Holder stranger;
  OrderLock lock;
  REQUIRE(lock.take(folder.path()));
  CHECK_FALSE(signal_lock_holder(folder.path(), SIGTERM));  // it names none
  SUBCASE("its own group") { lock.name_holder(::getpgrp()); }
  SUBCASE("one that has it not") { lock.name_holder(stranger.group()); }
  SUBCASE("all processes") { lock.name_holder(-1); }
  SUBCASE("the first process") { lock.name_holder(1); }
  CHECK_FALSE(signal_lock_holder(folder.path(), SIGTERM));
}

TEST_CASE("an order that is not done within its limit is ended by who waits for it") {
  const TemporaryFolder folder;
  OrderLock lock;
  REQUIRE(lock.take(folder.path()));
  Holder holder;
  lock.name_holder(holder.group());
  const Time begin{};
  LockWait wait(folder.path(), kLimit, begin);
  wait.look(begin + kLimit - kMoment);
  CHECK(::kill(holder.group(), 0) == 0);
  wait.look(begin + kLimit);
  CHECK(holder.ended_by(SIGTERM));
}

TEST_CASE("one that does not end when it is asked is made to") {
  const TemporaryFolder folder;
  OrderLock lock;
  REQUIRE(lock.take(folder.path()));
  Holder holder(true);
  lock.name_holder(holder.group());
  const Time begin{};
  LockWait wait(folder.path(), kLimit, begin);
  wait.look(begin + kLimit);
  wait.look(begin + kLimit + kPatience);
  CHECK_FALSE(can_take(folder.path()));
  wait.look(begin + kLimit + 2 * kPatience);  // this process has it still
  CHECK(can_take(folder.path()));
}

TEST_CASE("what holds the lock and is no order's program is left behind after the limit") {
  const TemporaryFolder folder;
  OrderLock lock;
  REQUIRE(lock.take(folder.path()));
  const Time begin{};
  LockWait wait(folder.path(), kLimit, begin);
  wait.look(begin + kLimit - kMoment);
  CHECK_FALSE(can_take(folder.path()));
  wait.look(begin + kLimit);
  CHECK(can_take(folder.path()));
}

}  // namespace
}  // namespace ingress::broker::acme
