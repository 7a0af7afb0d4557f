#include "tests/bench/soak/stream.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

namespace soak {

Stream::~Stream() {
  SSL_free(tls_);
  close(fd_);
}

std::unique_ptr<Stream> Stream::connect(int port, ssl_ctx_st* tls) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  auto stream = std::make_unique<Stream>(fd);
  if (!connected) return nullptr;
  if (tls == nullptr) return stream;
  stream->tls_ = SSL_new(tls);
  SSL_set_fd(stream->tls_, fd);
  SSL_set_tlsext_host_name(stream->tls_, "localhost");
  return SSL_connect(stream->tls_) == 1 ? std::move(stream) : nullptr;
}

bool Stream::write(const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t sent =
        tls_ != nullptr ? SSL_write(tls_, bytes, static_cast<int>(size)) : send(fd_, bytes, size, MSG_NOSIGNAL);
    if (sent < 0 && tls_ == nullptr && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

ssize_t Stream::receive(char* into, size_t size) {
  if (tls_ == nullptr) return recv(fd_, into, size, 0);
  const int got = SSL_read(tls_, into, static_cast<int>(size));
  if (got > 0) return got;
  return SSL_get_error(tls_, got) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

ssize_t Stream::read(char* into, size_t size) {
  if (kept_.empty()) return receive(into, size);
  const size_t taken = std::min(size, kept_.size());
  kept_.copy(into, taken);
  kept_.erase(0, taken);
  return static_cast<ssize_t>(taken);
}

std::string Stream::read_head() {
  std::string head = std::move(kept_);
  kept_.clear();
  char buffer[4096];
  while (true) {
    const size_t end = head.find("\r\n\r\n");
    if (end != std::string::npos) {
      kept_ = head.substr(end + 4);
      head.resize(end + 4);
      return head;
    }
    const ssize_t got = receive(buffer, sizeof buffer);
    if (got <= 0) return "";
    head.append(buffer, static_cast<size_t>(got));
  }
}

ssl_ctx_st* tls_context() {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  return context;
}

std::string field_of(const std::string& head, const std::string& name) {
  std::string lower = head;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  const size_t at = lower.find("\r\n" + name + ":");
  if (at == std::string::npos) return "";
  const size_t begin = head.find_first_not_of(" \t", at + name.size() + 3);
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace soak
