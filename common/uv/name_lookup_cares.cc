#include <ares.h>

#include <algorithm>
#include <chrono>
#include <unordered_map>
#include <utility>

#include "common/uv/name_lookup.h"
#include "common/uv/poller.h"
#include "common/uv/sock_address.h"
#include "common/uv/timer.h"

namespace ingress::uv {
namespace {

// A server has 2 s, then 4 and 8: a machine whose resolver is away knows it before a client's patience ends.
constexpr int kTimeoutMs = 2000;
constexpr int kTries = 3;
constexpr Duration kShortestWait{1};
constexpr const char* kNoAddress = "no address of a kind that is known";

// A channel for each lookup: it reads /etc/resolv.conf and /etc/hosts as they are now, and a machine that has moved to
// another network asks the servers of that one.
class CaresLookup final : public NameLookup, private Flushable {
 public:
  CaresLookup(Loop& loop, OnDone on_done)
      : loop_(loop),
        on_done_(std::move(on_done)),
        timer_(loop, [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }) {}
  ~CaresLookup() override {
    on_done_ = nullptr;  // c-ares tells its end
    if (channel_ != nullptr) ares_destroy(channel_);
    loop_.forget_flush(*this);
  }

  void ask(const std::string& name) {
    ares_options options{};
    options.timeout = kTimeoutMs;
    options.tries = kTries;
    options.sock_state_cb = on_state;
    options.sock_state_cb_data = this;
    int given = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
    options.qcache_max_ttl = 0;  // of one question there is nothing to keep
    given |= ARES_OPT_QUERY_CACHE;
#endif
    status_ = ares_init_options(&channel_, &options, given);
    if (status_ != ARES_SUCCESS) {
      channel_ = nullptr;
      return finish();
    }
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, on_found, this);
    watch_time();
  }

 private:
  // One socket of c-ares, which opens and closes it.
  struct AskedServer final : Polled {
    AskedServer(CaresLookup& asking, int socket) : owner(asking), fd(socket) {}
    void on_ready(uint32_t events) override {
      const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
      const bool readable = broken || (events & EPOLLIN) != 0;
      const bool writable = (events & EPOLLOUT) != 0;
      owner.process(readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
    }
    CaresLookup& owner;
    int fd;
    Poller::Ticket ticket;
  };

  static void on_state(void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<CaresLookup*>(self)->watch(fd, readable != 0, writable != 0);
  }

  void watch(int fd, bool readable, bool writable) {
    Poller& poller = loop_.poller();
    if (const auto watched = servers_.find(fd); watched != servers_.end()) {
      poller.release(watched->second->ticket);
      poller.count_active(-1);
      servers_.erase(watched);
    }
    const uint32_t events = (readable ? uint32_t{EPOLLIN} : 0U) | (writable ? uint32_t{EPOLLOUT} : 0U);
    if (events == 0) return;
    auto server = std::make_unique<AskedServer>(*this, fd);
    if (poller.add(fd, events, *server, server->ticket) != 0) return;  // its time runs out, and the next is asked
    poller.count_active(1);
    servers_.emplace(fd, std::move(server));
  }

  // The server that calls may be gone after it.
  void process(int readable, int writable) {
    ares_process_fd(channel_, readable, writable);
    watch_time();
  }

  // c-ares gives up on a server, or asks the next one, when it is called at this time.
  void watch_time() {
    timeval wait{};
    if (finished_ || ares_timeout(channel_, nullptr, &wait) == nullptr) return timer_.stop();
    const auto exact = std::chrono::seconds(wait.tv_sec) + std::chrono::microseconds(wait.tv_usec);
    timer_.start(std::max(std::chrono::ceil<Duration>(exact), kShortestWait));
  }

  static void on_found(void* self, int status, int, ares_addrinfo* found) {
    auto& lookup = *static_cast<CaresLookup*>(self);
    lookup.status_ = status;
    if (found != nullptr) {
      for (const ares_addrinfo_node* each = found->nodes; each != nullptr; each = each->ai_next)
        lookup.add(each->ai_addr);
      ares_freeaddrinfo(found);
    }
    lookup.finish();
  }

  void add(const sockaddr* found) {
    Address address = from_sockaddr(found);
    address.port = 0;
    if (!address.ip.empty()) addresses_.push_back(std::move(address));
  }

  // At the end of the iteration: c-ares may be at work above this call.
  void finish() {
    finished_ = true;
    if (on_done_ != nullptr) loop_.flush_later(*this);
  }

  void flush() override {
    const OnDone on_done = std::move(on_done_);  // its call may destroy this
    if (!addresses_.empty()) return on_done(std::move(addresses_));
    const char* const why = status_ == ARES_SUCCESS ? kNoAddress : ares_strerror(status_);  // static text
    Error error{ErrorCode::kResolveFailed, Side::kInternal, true, 0, why};
    on_done(tl::unexpected(error));
  }

  Loop& loop_;
  OnDone on_done_;
  Timer timer_;
  ares_channel channel_ = nullptr;
  std::unordered_map<int, std::unique_ptr<AskedServer>> servers_;
  std::vector<Address> addresses_;
  int status_ = ARES_SUCCESS;
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<NameLookup> NameLookup::start(Loop& loop, const std::string& name, OnDone on_done) {
  auto lookup = std::make_unique<CaresLookup>(loop, std::move(on_done));
  lookup->ask(name);
  return lookup;
}

}  // namespace ingress::uv
