// Blocking byte streams with an HTTP/1.1 head on top, written apart from the product so that they can judge it. A call
// that fails ends its stream: false or -1, and nothing more.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

struct ssl_ctx_st;
struct ssl_st;

namespace soak {

class Stream {
 public:
  // A connection that was accepted.
  explicit Stream(int fd) : fd_(fd) {}
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Clear where `tls` is null; no certificate is checked (the load runs beside the broker). Null where it fails.
  static std::unique_ptr<Stream> connect(int port, ssl_ctx_st* tls);

  bool write(const char* bytes, size_t size);
  bool write(const std::string& text) { return write(text.data(), text.size()); }
  // What there is, at least one byte; 0 at the end.
  ssize_t read(char* into, size_t size);
  // The socket, for whoever goes on without blocking (clear connections, after read_head()).
  int fd() const { return fd_; }
  // A head with its empty line; what was read behind it is returned by the reads that follow. "" where there is none.
  std::string read_head();

 private:
  ssize_t receive(char* into, size_t size);

  int fd_;
  ssl_st* tls_ = nullptr;
  std::string kept_;
};

// A context for connect().
ssl_ctx_st* tls_context();

// The value of a field in lower case ("content-length"), "" where it is not there.
std::string field_of(const std::string& head, const std::string& name);

}  // namespace soak
