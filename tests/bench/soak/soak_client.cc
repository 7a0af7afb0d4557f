// The client of the soak; it checks every byte that it is sent.
// soak_client clear|tls PORT HOST download BYTES
// soak_client clear|tls PORT HOST upload BYTES
// soak_client clear|tls PORT HOST readers COUNT BYTES BYTES_PER_SECOND SECONDS
//   COUNT downloads at once, each read at that rate, left after SECONDS.
// One line of JSON on stdout; exit code 1 where a byte or a count is wrong.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/soak/pattern.h"
#include "tests/bench/soak/stream.h"

namespace soak {
namespace {

using Clock = std::chrono::steady_clock;

struct Way {
  ssl_ctx_st* tls = nullptr;
  int port = 0;
  std::string host;

  std::unique_ptr<Stream> connect() const { return Stream::connect(port, tls); }
};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::unique_ptr<Stream> ask_for(const Way& way, uint64_t size) {
  auto stream = way.connect();
  if (stream == nullptr) return nullptr;
  if (!stream->write("GET /pattern/" + std::to_string(size) + " HTTP/1.1\r\nHost: " + way.host + "\r\n\r\n"))
    return nullptr;
  const std::string head = stream->read_head();
  if (!head.starts_with("HTTP/1.1 200") || field_of(head, "content-length") != std::to_string(size)) return nullptr;
  return stream;
}

int report(const char* what, bool good, uint64_t bytes, Clock::time_point start) {
  std::printf("{\"what\": \"%s\", \"good\": %s, \"bytes\": %llu, \"seconds\": %.2f}\n", what, good ? "true" : "false",
              static_cast<unsigned long long>(bytes), seconds_since(start));
  return good ? 0 : 1;
}

int download(const Way& way, uint64_t size) {
  const auto start = Clock::now();
  const auto stream = ask_for(way, size);
  if (stream == nullptr) return report("download", false, 0, start);
  std::vector<char> buffer(kMostAtOnce);
  uint64_t at = 0;
  while (at < size) {
    const ssize_t got = stream->read(buffer.data(), std::min<uint64_t>(buffer.size(), size - at));
    if (got <= 0 || !is_pattern(buffer.data(), static_cast<size_t>(got), at)) break;
    at += static_cast<uint64_t>(got);
  }
  return report("download", at == size, at, start);
}

int upload(const Way& way, uint64_t size) {
  const auto start = Clock::now();
  const auto stream = way.connect();
  if (stream == nullptr) return report("upload", false, 0, start);
  stream->write("POST /pattern HTTP/1.1\r\nHost: " + way.host + "\r\nContent-Length: " + std::to_string(size) +
                "\r\n\r\n");
  uint64_t at = 0;
  while (at < size) {
    const size_t part = std::min<uint64_t>(kMostAtOnce, size - at);
    if (!stream->write(pattern_at(at), part)) return report("upload", false, at, start);
    at += part;
  }
  const std::string wanted = "good " + std::to_string(size) + "\n";
  std::string verdict;
  bool answered = stream->read_head().starts_with("HTTP/1.1 200");
  for (char byte = 0; answered && verdict.size() < wanted.size(); verdict += byte)
    answered = stream->read(&byte, 1) == 1;
  return report("upload", answered && verdict == wanted, at, start);
}

struct Readers {
  uint64_t size = 0;
  size_t rate = 0;
  Clock::time_point until;
  std::atomic<size_t> opened{0}, bad{0};
  std::atomic<uint64_t> bytes{0};
};

void read_slowly(const Way& way, Readers& all) {
  const auto stream = ask_for(way, all.size);
  if (stream == nullptr) {
    ++all.bad;
    return;
  }
  ++all.opened;
  std::vector<char> buffer(all.rate);
  for (uint64_t at = 0; Clock::now() < all.until;) {
    const ssize_t got = stream->read(buffer.data(), buffer.size());
    if (got <= 0 || !is_pattern(buffer.data(), static_cast<size_t>(got), at)) {
      ++all.bad;
      return;
    }
    at += static_cast<uint64_t>(got);
    all.bytes += static_cast<uint64_t>(got);
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

int readers(const Way& way, size_t count, uint64_t size, size_t rate, int seconds) {
  const auto start = Clock::now();
  Readers all;
  all.size = size;
  all.rate = std::min(rate, kMostAtOnce);
  all.until = start + std::chrono::seconds(seconds);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < count; ++i) threads.emplace_back([&] { read_slowly(way, all); });
  for (std::thread& thread : threads) thread.join();
  std::printf(
      "{\"what\": \"readers\", \"good\": %s, \"opened\": %zu, \"bad\": %zu, \"bytes\": %llu, \"seconds\": %.2f}\n",
      all.opened == count && all.bad == 0 ? "true" : "false", all.opened.load(), all.bad.load(),
      static_cast<unsigned long long>(all.bytes.load()), seconds_since(start));
  return all.opened == count && all.bad == 0 ? 0 : 1;
}

int run(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::string mode = argc > 4 ? argv[4] : "";
  Way way;
  if (argc > 3) {
    way.tls = std::strcmp(argv[1], "tls") == 0 ? tls_context() : nullptr;
    way.port = std::atoi(argv[2]);
    way.host = argv[3];
  }
  if (mode == "download" && argc == 6) return download(way, std::strtoull(argv[5], nullptr, 10));
  if (mode == "upload" && argc == 6) return upload(way, std::strtoull(argv[5], nullptr, 10));
  if (mode == "readers" && argc == 9) {
    return readers(way, std::strtoull(argv[5], nullptr, 10), std::strtoull(argv[6], nullptr, 10),
                   std::strtoull(argv[7], nullptr, 10), std::atoi(argv[8]));
  }
  std::fprintf(stderr,
               "usage: soak_client clear|tls PORT HOST (download|upload) BYTES | readers COUNT BYTES RATE SECONDS\n");
  return 2;
}

}  // namespace
}  // namespace soak

int main(int argc, char** argv) { return soak::run(argc, argv); }
