// A link between two network namespaces that loses packets and takes its time: a TUN device in each, and this program
// between them. It stands in for netem, which not every kernel has. Both ways are alike: a rate, a queue of 50 ms
// before it, a delay behind it, and a loss by chance (of a fixed seed). lossy_link NAMESPACE_A NAMESPACE_B DELAY_MS
// LOSS_PERCENT MEGABITS     devices: "bench0" in both; root only
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr nanoseconds kQueue = std::chrono::milliseconds(50);

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::_Exit(1);
}

int open_tun(const std::string& name_space) {
  const int space = open(("/run/netns/" + name_space).c_str(), O_RDONLY | O_CLOEXEC);
  if (space < 0 || setns(space, CLONE_NEWNET) != 0) give_up("lossy_link: the namespace");
  close(space);
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strcpy(request.ifr_name, "bench0");
  if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0) give_up("lossy_link: /dev/net/tun");
  return fd;
}

struct LinkRules {
  nanoseconds delay{};
  double loss = 0;              // of 1
  double nanoseconds_byte = 0;  // at the link's rate
};

// One way of the link.
class Way {
 public:
  Way(const LinkRules& rules, int from, int to) : rules_(rules), from_(from), to_(to) {}

  void take_all(Clock::time_point now) {
    std::array<char, 65536> buffer;
    while (true) {
      const ssize_t got = read(from_, buffer.data(), buffer.size());
      if (got <= 0) return;
      if (chance_(random_) < rules_.loss || free_at_ > now + kQueue) continue;
      const nanoseconds takes(static_cast<int64_t>(static_cast<double>(got) * rules_.nanoseconds_byte));
      free_at_ = std::max(free_at_, now) + takes;
      packets_.push_back({free_at_ + rules_.delay, {buffer.data(), buffer.data() + got}});
    }
  }

  void deliver_due(Clock::time_point now) {
    while (!packets_.empty() && packets_.front().due <= now) {
      // A device that takes no more loses the packet, as any does.
      [[maybe_unused]] const ssize_t written = write(to_, packets_.front().bytes.data(), packets_.front().bytes.size());
      packets_.pop_front();
    }
  }

  Clock::time_point next_due() const { return packets_.empty() ? Clock::time_point::max() : packets_.front().due; }

 private:
  struct Packet {
    Clock::time_point due;
    std::vector<char> bytes;
  };

  const LinkRules& rules_;
  int from_;
  int to_;
  Clock::time_point free_at_{};
  std::deque<Packet> packets_;
  std::mt19937 random_{20261129};
  std::uniform_real_distribution<double> chance_{0, 1};
};

void set_timer(int timer, Clock::time_point due) {
  itimerspec when{};
  if (due != Clock::time_point::max()) {
    const auto since = std::max<int64_t>(1, due.time_since_epoch() / nanoseconds(1));
    when.it_value = {since / 1'000'000'000, since % 1'000'000'000};
  }
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, nullptr);
}

[[noreturn]] void run(const LinkRules& rules, int a, int b) {
  Way there(rules, a, b);
  Way back(rules, b, a);
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  for (const int fd : {a, b, timer}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }
  std::fprintf(stderr, "link ready\n");
  while (true) {
    epoll_event events[3];
    epoll_wait(epoll, events, 3, -1);
    uint64_t ticks = 0;
    [[maybe_unused]] const ssize_t drained = read(timer, &ticks, sizeof ticks);
    const auto now = Clock::now();
    for (Way* way : {&there, &back}) {
      way->take_all(now);
      way->deliver_due(now);
    }
    set_timer(timer, std::min(there.next_due(), back.next_due()));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: lossy_link NAMESPACE_A NAMESPACE_B DELAY_MS LOSS_PERCENT MEGABITS\n");
    return 2;
  }
  const LinkRules rules{std::chrono::milliseconds(std::atoi(argv[3])), std::atof(argv[4]) / 100,
                        8000 / std::atof(argv[5])};
  const int a = open_tun(argv[1]);
  const int b = open_tun(argv[2]);
  run(rules, a, b);
}
