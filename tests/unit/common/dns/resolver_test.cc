#include "common/dns/resolver.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <thread>

#include "common/uv/timer.h"

namespace ingress::dns {
namespace {

using Texts = std::vector<std::string>;
using Bytes = std::basic_string<unsigned char>;

// A DNS server on loopback that answers each question by its first label: `text` with records of TXT, `none` with
// NXDOMAIN, `alias` with a CNAME and its addresses; `silent` not at all.
class FakeServer {
 public:
  FakeServer() : fd_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeServer() {
    ::shutdown(fd_, SHUT_RDWR);
    ending_ = true;
    const int wake = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port_));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::sendto(wake, "", 0, 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
    thread_.join();
    ::close(wake);
    ::close(fd_);
  }
  std::string servers() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  void serve() const {
    unsigned char question[512];
    sockaddr_in from{};
    while (!ending_) {
      socklen_t from_size = sizeof from;
      const ssize_t size =
          ::recvfrom(fd_, question, sizeof question, 0, reinterpret_cast<sockaddr*>(&from), &from_size);
      if (size < 17) continue;
      const Bytes answer = answer_to(Bytes(question, static_cast<size_t>(size)));
      if (!answer.empty())
        ::sendto(fd_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), from_size);
    }
  }

  static Bytes record(int type, const Bytes& data) {
    Bytes record = {0xc0, 12, 0, static_cast<unsigned char>(type),       0, 1, 0, 0,
                    0,    60, 0, static_cast<unsigned char>(data.size())};
    return record + data;
  }
  static Bytes chunk(const std::string& text) {
    Bytes chunk(1, static_cast<unsigned char>(text.size()));
    return chunk + Bytes(text.begin(), text.end());
  }

  static Bytes answer_to(const Bytes& question) {
    const std::string label(question.begin() + 13, question.begin() + 13 + question[12]);
    size_t end = 12;
    while (question[end] != 0) end += question[end] + 1u;
    end += 5;  // the root, type and class
    const int type = question[end - 3];
    std::vector<Bytes> records;
    if (label == "silent") return {};
    if (label == "text" && type == 16)
      records = {record(16, chunk("one, ") + chunk("joined")), record(16, chunk("two"))};
    if (label == "alias") {
      // The target's name is said once, in full, and then by a pointer to where it is.
      const Bytes target = {6, 'T', 'a', 'r', 'g', 'e', 't', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0};
      records = {record(5, target)};
      Bytes address = record(type, type == 28 ? Bytes(15, 0) + Bytes(1, 1) : Bytes{192, 0, 2, 7});
      const size_t at = end + 12;
      address[0] = static_cast<unsigned char>(0xc0 | at >> 8);
      address[1] = static_cast<unsigned char>(at);
      records.push_back(address);
    }
    Bytes answer = question.substr(0, end);
    answer[2] = 0x81;
    answer[3] = static_cast<unsigned char>(label == "none" ? 0x83 : label == "refused" ? 0x85 : 0x80);
    answer[7] = static_cast<unsigned char>(records.size());
    answer[8] = answer[9] = answer[10] = answer[11] = 0;
    for (const Bytes& each : records) answer += each;
    return answer;
  }

  int fd_;
  int port_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

std::unique_ptr<Resolver> resolver_of(uv::Loop& loop, const FakeServer& server) {
  auto resolver = Resolver::make(loop, server.servers());
  REQUIRE(resolver.has_value());
  return std::move(*resolver);
}

Result<Texts> texts_of(const std::string& name) {
  const FakeServer server;
  uv::Loop loop;
  const auto resolver = resolver_of(loop, server);
  std::optional<Result<Texts>> told;
  resolver->texts(name, [&](const Result<Texts>& found) {
    told = found;
    loop.stop();
  });
  CHECK_FALSE(told.has_value());
  loop.run_until_stopped();
  REQUIRE(told.has_value());
  return *told;
}

TEST_CASE("a record's strings are joined, and each record is told") {
  const Result<Texts> found = texts_of("text.example");
  REQUIRE(found.has_value());
  CHECK(*found == Texts{"one, joined", "two"});
}

TEST_CASE("a name that is not there, or has no such record, has none; a server that refuses is an error") {
  REQUIRE(texts_of("none.example").has_value());
  CHECK(texts_of("none.example")->empty());
  REQUIRE(texts_of("empty.example").has_value());
  CHECK(texts_of("empty.example")->empty());
  const Result<Texts> refused = texts_of("refused.example");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::kResolveFailed);
}

TEST_CASE("addresses come of both kinds, with where the aliases lead, in lower case") {
  const FakeServer server;
  uv::Loop loop;
  const auto resolver = resolver_of(loop, server);
  std::optional<Result<Addresses>> told;
  resolver->addresses("alias.example", [&](const Result<Addresses>& found) {
    told = found;
    loop.stop();
  });
  loop.run_until_stopped();
  REQUIRE(told->has_value());
  CHECK(std::find((*told)->ips.begin(), (*told)->ips.end(), "192.0.2.7") != (*told)->ips.end());
  CHECK(std::find((*told)->ips.begin(), (*told)->ips.end(), "::1") != (*told)->ips.end());
  REQUIRE_FALSE((*told)->aliases.empty());
  CHECK((*told)->aliases.front() == "target.example");
}

TEST_CASE("a resolver that goes tells nobody of what is under way, and may go in its own answer") {
  const FakeServer server;
  uv::Loop loop;
  auto resolver = resolver_of(loop, server);
  bool told = false;
  bool gone = false;
  resolver->texts("silent.example", [&told](const Result<Texts>&) { told = true; });
  resolver->texts("text.example", [&](const Result<Texts>&) {
    resolver.reset();
    gone = true;
    loop.stop();
  });
  loop.run_until_stopped();
  CHECK(gone);
  CHECK_FALSE(told);
}

TEST_CASE("servers are addresses, with or without ports") {
  for (const char* good : {"192.0.2.1", "192.0.2.1:53", "192.0.2.1,[2001:db8::1]:5353"})
    CHECK_MESSAGE(are_servers(good), good);
  for (const char* bad : {"example.com", "a,b", "192.0.2.1:x"}) CHECK_FALSE_MESSAGE(are_servers(bad), bad);
}

}  // namespace
}  // namespace ingress::dns
