// Opens TLS 1.3 connections one after another, in several threads, and ends each after its handshake: the load of the
// handshake figures. Prints {"connections": N, "seconds": S}; exits 1 where one fails, or is not what was asked for.
// tls_connects PORT full|resumed THREADS SECONDS, to 127.0.0.1
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "tls_connects: %s\n", why);
  std::_Exit(1);
}

class TlsConnection {
 public:
  TlsConnection(SSL_CTX* context, int port, SSL_SESSION* resume)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), ssl_(SSL_new(context)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) give_up("cannot connect");
    SSL_set_fd(ssl_, fd_);
    SSL_set_tlsext_host_name(ssl_, "localhost");
    if (resume != nullptr) SSL_set_session(ssl_, resume);
    if (SSL_connect(ssl_) != 1) give_up("a handshake failed");
    if ((SSL_session_reused(ssl_) == 1) != (resume != nullptr)) give_up("not the kind of handshake that was asked for");
  }
  ~TlsConnection() {
    SSL_free(ssl_);
    close(fd_);
  }
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;

  // close_notify, then all that the server still has to say: tickets left unread would make close() a reset.
  void end() {
    SSL_shutdown(ssl_);
    shutdown(fd_, SHUT_WR);
    char rest[4096];
    while (recv(fd_, rest, sizeof rest, 0) > 0) {
    }
  }

  // Any answer brings the ticket that came before it.
  SSL_SESSION* ask_for_session() {
    const std::string_view request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    char answer[4096];
    if (SSL_write(ssl_, request.data(), static_cast<int>(request.size())) <= 0) give_up("cannot write");
    if (SSL_read(ssl_, answer, sizeof answer) <= 0) give_up("no answer");
    SSL_SESSION* const session = SSL_get1_session(ssl_);
    if (SSL_SESSION_is_resumable(session) != 1) give_up("the server gave no ticket");
    end();  // OpenSSL takes the session of a connection that was not ended for a bad one
    return session;
  }

 private:
  int fd_;
  SSL* ssl_;
};

struct Plan {
  int port = 0;
  bool resumed = false;
  Clock::time_point until;
};

void connect_until(const Plan& plan, std::atomic<uint64_t>& connections) {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_SESSION* session = nullptr;
  if (plan.resumed) session = TlsConnection(context, plan.port, nullptr).ask_for_session();
  while (Clock::now() < plan.until) {
    TlsConnection(context, plan.port, session).end();
    ++connections;
  }
  SSL_SESSION_free(session);
  SSL_CTX_free(context);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: tls_connects PORT full|resumed THREADS SECONDS\n");
    return 2;
  }
  const auto begin = Clock::now();
  const Plan plan{std::atoi(argv[1]), std::string_view(argv[2]) == "resumed",
                  begin + std::chrono::seconds(std::atoi(argv[4]))};
  std::atomic<uint64_t> connections{0};
  std::vector<std::thread> threads(static_cast<size_t>(std::max(std::atoi(argv[3]), 0)));
  for (std::thread& thread : threads) thread = std::thread([&] { connect_until(plan, connections); });
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> seconds = Clock::now() - begin;
  std::printf("{\"connections\": %llu, \"seconds\": %.3f}\n", static_cast<unsigned long long>(connections),
              seconds.count());
  return 0;
}
