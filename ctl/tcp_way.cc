#include "ctl/tcp_way.h"

#include <curl/curl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>

#include "ctl/problem.h"

namespace ingress::ctl {
namespace {

constexpr long kConnectTimeoutMs = 10000;
// The agent gives up on a port after 60 s.
constexpr int kAnswerTimeoutMs = 75000;
constexpr size_t kMaxAnswerBytes = size_t{64} * 1024;
constexpr std::string_view kHeadEnd = "\r\n\r\n";

std::string sentence_of(const std::string& body, int status) {
  const Json json = Json::parse(body, nullptr, false);
  for (const char* const member : {"detail", "reason", "message"}) {
    if (!json.is_object()) break;
    const auto found = json.find(member);
    if (found != json.end() && found->is_string()) return found->get<std::string>();
  }
  return "the broker answers " + std::to_string(status) + " to CONNECT: is this the admin API? (--admin)";
}

int status_of(std::string_view head) {
  int status = 0;
  constexpr size_t kAt = 9;  // "HTTP/1.1 "
  if (head.starts_with("HTTP/1.") && head.size() > kAt + 3) {
    std::from_chars(head.data() + kAt, head.data() + kAt + 3, status);
  }
  return status;
}

}  // namespace

struct TcpWay::Impl {
  Impl() : handle(curl_easy_init()) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { curl_easy_cleanup(handle); }

  CURL* handle;
  curl_socket_t socket = CURL_SOCKET_BAD;
  std::string early;  // what came behind the answer's head
  bool tls = false;
  bool unix_socket = false;
  bool half_closed = false;
  char error[CURL_ERROR_SIZE] = "";

  Outcome<bool> dial(const AdminAddress& address);
  bool wait(short events) const;
  bool cut_off() const;
  Outcome<bool> ask(const std::string& target, const std::string& token);
  Outcome<std::string> read_answer();
};

Outcome<bool> TcpWay::Impl::dial(const AdminAddress& address) {
  if (handle == nullptr) return failed("libcurl could not be set up");
  const std::string where = address.unix_path.empty() ? address.base_url : address.unix_path;
  tls = address.base_url.starts_with("https://");
  unix_socket = !address.unix_path.empty();
  curl_easy_setopt(handle, CURLOPT_URL, address.base_url.c_str());
  if (!address.unix_path.empty()) curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, address.unix_path.c_str());
  curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error);
  const CURLcode code = curl_easy_perform(handle);
  if (code != CURLE_OK) {
    const std::string why = error[0] != '\0' ? error : curl_easy_strerror(code);
    return failed("cannot connect to the admin API at " + where + " (" + why + "): say where it is by --admin");
  }
  curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, &socket);
  return true;
}

bool TcpWay::Impl::wait(short events) const {
  pollfd polled{socket, events, 0};
  return ::poll(&polled, 1, kAnswerTimeoutMs) > 0;
}

// A Unix socket knows no RST. But who ends in order closes one direction alone, until this side has said its end.
bool TcpWay::Impl::cut_off() const {
  if (!unix_socket || half_closed) return false;
  pollfd polled{socket, POLLIN, 0};
  return ::poll(&polled, 1, 0) > 0 && (polled.revents & POLLHUP) != 0;
}

Outcome<bool> TcpWay::Impl::ask(const std::string& target, const std::string& token) {
  std::string request = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (!token.empty()) request += "Proxy-Authorization: Bearer " + token + "\r\n";
  request += "\r\n";
  for (size_t at = 0; at < request.size();) {
    size_t sent = 0;
    const CURLcode code = curl_easy_send(handle, request.data() + at, request.size() - at, &sent);
    if (code != CURLE_OK && (code != CURLE_AGAIN || !wait(POLLOUT))) return failed("the broker closed the connection");
    at += sent;
  }
  const Outcome<std::string> answer = read_answer();
  if (!answer) return tl::unexpected(answer.error());
  const size_t end = answer->find(kHeadEnd) + kHeadEnd.size();
  const int status = status_of(*answer);
  if (status >= 200 && status < 300) {
    early = answer->substr(end);
    return true;
  }
  if (status == 401 || status == 407) {
    return failed(kNotAuthorised, cli::kExitNotAuthorised);
  }
  return failed(sentence_of(answer->substr(end), status), status == 403 ? cli::kExitNotAuthorised : cli::kExitFailed);
}

// The head of a good answer, with what came behind it; a refusal whole.
Outcome<std::string> TcpWay::Impl::read_answer() {
  std::string answer;
  while (answer.size() < kMaxAnswerBytes) {
    const size_t end = answer.find(kHeadEnd);
    const int status = status_of(answer);
    if (end != std::string::npos && status >= 200 && status < 300) return answer;
    char bytes[4096];
    size_t size = 0;
    const CURLcode code = curl_easy_recv(handle, bytes, sizeof bytes, &size);
    if (code == CURLE_AGAIN) {
      if (wait(POLLIN)) continue;
      return failed("the broker does not answer");
    }
    if (code != CURLE_OK || size == 0) {
      if (end != std::string::npos) return answer;
      return failed("the broker closed the connection before it answered");
    }
    answer.append(bytes, size);
  }
  return failed("the broker's answer is endless: is this the admin API? (--admin)");
}

TcpWay::TcpWay() : impl_(std::make_unique<Impl>()) {}
TcpWay::~TcpWay() = default;

Outcome<std::unique_ptr<TcpWay>> TcpWay::open(const AdminAddress& address, const std::string& token,
                                              const std::string& target) {
  std::unique_ptr<TcpWay> way(new TcpWay());
  if (const Outcome<bool> dialled = way->impl_->dial(address); !dialled) return tl::unexpected(dialled.error());
  if (const Outcome<bool> asked = way->impl_->ask(target, token); !asked) return tl::unexpected(asked.error());
  return way;
}

int TcpWay::descriptor() const { return impl_->socket; }

TcpWay::Moved TcpWay::read(char* to, size_t size) {
  if (!impl_->early.empty()) {
    const size_t count = std::min(size, impl_->early.size());
    std::copy_n(impl_->early.data(), count, to);
    impl_->early.erase(0, count);
    return {Progress::kSome, count};
  }
  size_t read = 0;
  const CURLcode code = curl_easy_recv(impl_->handle, to, size, &read);
  if (code == CURLE_AGAIN) return {Progress::kNotNow, 0};
  if (code != CURLE_OK) return {Progress::kBroken, 0};
  if (read > 0) return {Progress::kSome, read};
  return {impl_->cut_off() ? Progress::kBroken : Progress::kEnd, 0};
}

TcpWay::Moved TcpWay::write(const char* from, size_t size) {
  size_t written = 0;
  const CURLcode code = curl_easy_send(impl_->handle, from, size, &written);
  if (code == CURLE_AGAIN) return {Progress::kNotNow, 0};
  return code == CURLE_OK ? Moved{Progress::kSome, written} : Moved{Progress::kBroken, 0};
}

void TcpWay::half_close() {
  impl_->half_closed = true;
  if (!impl_->tls) ::shutdown(impl_->socket, SHUT_WR);
}

}  // namespace ingress::ctl
