// What the product asks of Linux, simulated: descriptors of stream sockets and listeners, and epoll. kernel_calls.cc
// puts it behind the system calls; which process calls is what the scheduler (loop_runner.h) says.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/network.h"

namespace ingress::uv {
class Loop;
}

namespace ingress::sim {

// A program that runs on a host. Its descriptors are its own.
struct Process {
  std::string name;
  Host* host = nullptr;
  bool frozen = false;  // SIGSTOP
  bool dead = false;    // the world has seen it end; what is left is taken apart
};

class EpollSet {
 public:
  uv::Loop* loop = nullptr;  // that waits on it
  // How the loop's last wait would have ended.
  bool sleeping = false;
  Micros wake_at{0};

  bool has_event() const { return !dirty_.empty(); }

 private:
  friend class Kernel;
  friend class Registration;
  std::map<int, std::unique_ptr<class Registration>> members_;
  std::vector<int> dirty_;
};

// A descriptor in an epoll set.
class Registration final : public SocketWatcher {
 public:
  Registration(EpollSet& set, int fd, uint32_t events, uint64_t data)
      : set_(set), fd_(fd), events_(events), data_(data) {}
  void on_socket_change() override;

 private:
  friend class Kernel;
  EpollSet& set_;
  int fd_;
  uint32_t events_;
  uint64_t data_;
  bool dirty_ = false;
};

// libuv's own descriptor: readable where an async was sent.
struct UvSignal {
  bool pending = false;
  EpollSet* set = nullptr;
  Registration* registration = nullptr;
};

class Kernel {
 public:
  static constexpr int kFirstFd = 1000;  // none of the real process's own

  explicit Kernel(Network& network) : network_(network) {}
  ~Kernel();

  static Kernel* current;  // that of the run in hand; null outside of runs

  Network& network() { return network_; }
  Process& add_process(const std::string& name, Host& host);
  // Whose system calls come from now on.
  void enter(Process* process) { running_ = process; }
  Process* running() const { return running_; }

  // As the system calls of these names: a negated errno where they fail.
  int socket();
  int connect(int fd, SimAddress to);
  int bind(int fd, SimAddress to);
  int listen(int fd);
  int accept(int fd);
  int duplicate(int fd);
  int close(int fd);
  SimSocket* stream(int fd);  // null: no stream
  bool bound(int fd, SimAddress& address);
  int epoll_create();
  int epoll_add(int set, int fd, uint32_t events, uint64_t data);
  int epoll_remove(int set, int fd);
  EpollSet* epoll_set(int fd);
  // At most `most` events, in an order that chance decides.
  struct Event {
    uint32_t events;
    uint64_t data;
  };
  size_t take_events(EpollSet& set, Event* to, size_t most);
  int uv_signal_fd(UvSignal& signal);

  // kill -9: the process's sockets close. With `vanish` nobody is told (the machine's power is gone).
  void kill(Process& process, bool vanish);
  // What was sent to the connections that vanished is answered from now on (RST).
  void answer_for_vanished(Host& host);
  size_t open_fds(const Process& process) const;

 private:
  struct Descriptor {
    Process* process = nullptr;  // null: free
    std::shared_ptr<SimSocket> stream;
    std::shared_ptr<ListenPoint> listener;
    std::unique_ptr<EpollSet> epoll;
    UvSignal* signal = nullptr;
    SimAddress bound;
    Registration* registration = nullptr;
  };

  int take_fd();
  Descriptor* find(int fd);
  uint32_t ready(const Descriptor& descriptor) const;
  void unwatch(Descriptor& descriptor);
  void forget(Descriptor& descriptor);

  Network& network_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<Descriptor> descriptors_;
  std::map<Host*, std::vector<std::shared_ptr<SimSocket>>> vanished_;
  Process* running_ = nullptr;
};

}  // namespace ingress::sim
