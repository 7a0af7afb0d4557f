#include "common/dns/resolver.h"

// Its newer interface for records is not in Debian 12.
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/time.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "common/uv/fd_watch.h"
#include "common/uv/timer.h"

namespace ingress::dns {
namespace {

constexpr int kTryMilliseconds = 2000;
constexpr int kTries = 3;
constexpr int kClassInternet = 1;
constexpr int kTypeText = 16;

tl::unexpected<Error> unanswered(int status) {
  return tl::unexpected(
      Error{ErrorCode::kResolveFailed, Side::kInternal, true, 0, ares_strerror(status)});  // static text
}

bool is_none(int status) { return status == ARES_ENOTFOUND || status == ARES_ENODATA; }

std::string plain_name(const char* name) {
  std::string plain(name);
  std::transform(plain.begin(), plain.end(), plain.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; });
  if (plain.ends_with('.')) plain.pop_back();
  return plain;
}

std::vector<std::string> texts_in(const unsigned char* message, int size) {
  std::vector<std::string> texts;
  ares_txt_ext* found = nullptr;
  ares_parse_txt_reply_ext(message, size, &found);
  for (const ares_txt_ext* each = found; each != nullptr; each = each->next) {
    if (each->record_start != 0 || texts.empty()) texts.emplace_back();
    texts.back().append(reinterpret_cast<const char*>(each->txt), each->length);
  }
  ares_free_data(found);
  return texts;
}

Addresses addresses_in(const ares_addrinfo& found) {
  Addresses addresses;
  for (const ares_addrinfo_node* each = found.nodes; each != nullptr; each = each->ai_next) {
    char text[INET6_ADDRSTRLEN];
    const void* ip = each->ai_family == AF_INET6
                         ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(each->ai_addr)->sin6_addr)
                         : static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(each->ai_addr)->sin_addr);
    if (inet_ntop(each->ai_family, ip, text, sizeof text) != nullptr) addresses.ips.emplace_back(text);
  }
  for (const ares_addrinfo_cname* each = found.cnames; each != nullptr; each = each->next) {
    if (each->name != nullptr) addresses.aliases.push_back(plain_name(each->name));
  }
  return addresses;
}

class AresResolver final : public Resolver {
 public:
  explicit AresResolver(uv::Loop& loop)
      : loop_(loop), timer_(loop, [this] { process(ARES_SOCKET_BAD, false, false); }) {}

  ~AresResolver() override {
    if (channel_ != nullptr) ares_destroy(channel_);  // tells each question of it
  }

  Status open(const std::string& servers) {
    ares_options options{};
    char lookups[] = "b";  // DNS alone
    options.timeout = kTryMilliseconds;
    options.tries = kTries;
    options.lookups = lookups;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
      static_cast<AresResolver*>(self)->watch(fd, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
    options.qcache_max_ttl = 0;  // a record that its owner has just made is there
    mask |= ARES_OPT_QUERY_CACHE;
#endif
    int status = ares_init_options(&channel_, &options, mask);
    if (status == ARES_SUCCESS && !servers.empty()) status = ares_set_servers_ports_csv(channel_, servers.c_str());
    if (status == ARES_SUCCESS) return {};
    return fail(ErrorCode::kInvalidArgument, Side::kInternal, ares_strerror(status));
  }

  void texts(const std::string& name, OnTexts on_done) override {
    auto* const question = new Question<OnTexts>{this, std::move(on_done)};
    ares_query(
        channel_, name.c_str(), kClassInternet, kTypeText,
        [](void* opaque, int status, int, unsigned char* message, int size) {
          const std::unique_ptr<Question<OnTexts>> own(static_cast<Question<OnTexts>*>(opaque));
          Result<std::vector<std::string>> result = std::vector<std::string>();
          if (status == ARES_SUCCESS) {
            result = texts_in(message, size);
          } else if (!is_none(status)) {
            result = unanswered(status);
          }
          own->resolver->tell(status, std::move(own->on_done), std::move(result));
        },
        question);
    rearm();
  }

  void addresses(const std::string& name, OnAddresses on_done) override {
    auto* const question = new Question<OnAddresses>{this, std::move(on_done)};
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(
        channel_, (name + ".").c_str(), nullptr, &hints,
        [](void* opaque, int status, int, ares_addrinfo* found) {
          const std::unique_ptr<Question<OnAddresses>> own(static_cast<Question<OnAddresses>*>(opaque));
          Result<Addresses> result = Addresses();
          if (status == ARES_SUCCESS) {
            result = addresses_in(*found);
          } else if (!is_none(status)) {
            result = unanswered(status);
          }
          if (found != nullptr) ares_freeaddrinfo(found);
          own->resolver->tell(status, std::move(own->on_done), std::move(result));
        },
        question);
    rearm();
  }

 private:
  template <class OnDone>
  struct Question {
    AresResolver* resolver;
    OnDone on_done;
  };

  // Later: c-ares is in the middle of its own work, and the call may destroy the resolver.
  template <class OnDone, class Answer>
  void tell(int status, OnDone on_done, Answer answer) {
    if (status == ARES_EDESTRUCTION) return;
    loop_.defer([watch = std::weak_ptr<bool>(alive_), on_done = std::move(on_done), answer = std::move(answer)] {
      if (!watch.expired()) on_done(answer);
    });
  }

  void watch(int fd, bool readable, bool writable) {
    if (!readable && !writable) {
      watches_.erase(fd);
      return;
    }
    auto& watch = watches_[fd];
    if (watch == nullptr) {
      auto made = uv::FdWatch::watch(loop_, fd, [this, fd](bool in, bool out) { process(fd, in, out); });
      if (!made) {
        watches_.erase(fd);
        return;  // the question's own time-out ends it
      }
      watch = std::move(*made);
    }
    watch->set(readable, writable);
  }

  void process(int fd, bool readable, bool writable) {
    ares_process_fd(channel_, readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
    rearm();
  }

  void rearm() {
    timeval room{};
    const timeval* next = ares_timeout(channel_, nullptr, &room);
    if (next == nullptr) return timer_.stop();
    timer_.start(Duration{next->tv_sec * 1000 + next->tv_usec / 1000 + 1});
  }

  uv::Loop& loop_;
  ares_channel channel_ = nullptr;
  std::map<int, std::unique_ptr<uv::FdWatch>> watches_;
  uv::Timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

Result<std::unique_ptr<Resolver>> Resolver::make(uv::Loop& loop, const std::string& servers) {
  auto resolver = std::make_unique<AresResolver>(loop);
  if (const Status opened = resolver->open(servers); !opened) return tl::unexpected(opened.error());
  return resolver;
}

bool are_servers(const std::string& servers) {
  ares_channel channel = nullptr;
  if (ares_init(&channel) != ARES_SUCCESS) return false;
  const bool good = ares_set_servers_ports_csv(channel, servers.c_str()) == ARES_SUCCESS;
  ares_destroy(channel);
  return good;
}

}  // namespace ingress::dns
