// The origin of the soak: a thread for each connection, blocking reads and writes.
// soak_origin PORT, on 127.0.0.1:
//   GET /pattern/N    N bytes of the pattern
//   POST /pattern     reads the body: 200 "good N" where every byte is the pattern's, else 200 "bad at N"
//   anything else     200 "hello world"
#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/soak/pattern.h"
#include "tests/bench/soak/stream.h"

namespace soak {
namespace {

bool answer(Stream& stream, const std::string& text) {
  return stream.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text);
}

bool send_pattern(Stream& stream, uint64_t size) {
  if (!stream.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n")) return false;
  for (uint64_t at = 0; at < size;) {
    const size_t part = std::min<uint64_t>(kMostAtOnce, size - at);
    if (!stream.write(pattern_at(at), part)) return false;
    at += part;
  }
  return true;
}

bool read_pattern(Stream& stream, uint64_t size) {
  std::vector<char> buffer(kMostAtOnce);
  std::string verdict = "good " + std::to_string(size) + "\n";
  bool good = true;
  for (uint64_t at = 0; at < size;) {
    const ssize_t got = stream.read(buffer.data(), std::min<uint64_t>(buffer.size(), size - at));
    if (got <= 0) return false;
    if (good && !is_pattern(buffer.data(), static_cast<size_t>(got), at)) {
      good = false;
      verdict = "bad at " + std::to_string(at) + "\n";
    }
    at += static_cast<uint64_t>(got);
  }
  return answer(stream, verdict);
}

bool serve_one(Stream& stream) {
  const std::string head = stream.read_head();
  if (head.empty()) return false;
  if (head.starts_with("GET /pattern/")) {
    return send_pattern(stream, std::strtoull(head.c_str() + std::string("GET /pattern/").size(), nullptr, 10));
  }
  if (head.starts_with("POST /pattern ")) {
    return read_pattern(stream, std::strtoull(field_of(head, "content-length").c_str(), nullptr, 10));
  }
  return answer(stream, "hello world\n");
}

int serve(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener, 4096) != 0) {
    std::perror("soak_origin: listen");
    return 1;
  }
  while (true) {
    const int fd = accept(listener, nullptr, nullptr);
    if (fd < 0) continue;
    // Left to itself the kernel lets each of a thousand stalled answers hold megabytes here. Their sum passes what
    // net.ipv4.tcp_mem allows all of TCP, and the segments that are dropped then are anybody's.
    const int send_buffer = 128 * 1024;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    std::thread([fd] {
      Stream stream(fd);
      while (serve_one(stream)) {
      }
    }).detach();
  }
}

}  // namespace
}  // namespace soak

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: soak_origin PORT\n");
    return 2;
  }
  return soak::serve(std::atoi(argv[1]));
}
