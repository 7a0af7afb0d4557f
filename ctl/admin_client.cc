#include "ctl/admin_client.h"

#include <curl/curl.h>

#include <system_error>

#include "ctl/problem.h"

namespace ingress::ctl {
namespace {

constexpr long kConnectTimeoutMs = 10000;
constexpr long kTimeoutMs = 60000;
constexpr size_t kMaxAnswerBytes = size_t{256} * 1024 * 1024;

size_t take_bytes(char* bytes, size_t, size_t count, void* to) {
  auto& answer = *static_cast<std::string*>(to);
  if (answer.size() + count > kMaxAnswerBytes) return 0;
  answer.append(bytes, count);
  return count;
}

}  // namespace

struct AdminClient::Impl {
  AdminAddress address;
  std::string token;
  CURL* handle = nullptr;
  curl_slist* fields = nullptr;
  char error[CURL_ERROR_SIZE] = "";

  Impl(AdminAddress where, std::string secret) : address(std::move(where)), token(std::move(secret)) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    handle = curl_easy_init();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    curl_slist_free_all(fields);
    curl_easy_cleanup(handle);
  }

  void set_up(const std::string& method, const std::string& path, const std::string& body, std::string& answer);
  std::string where() const { return address.unix_path.empty() ? address.base_url : address.unix_path; }
  std::string sentence(CURLcode code) const;
};

void AdminClient::Impl::set_up(const std::string& method, const std::string& path, const std::string& body,
                               std::string& answer) {
  curl_easy_reset(handle);
  curl_slist_free_all(fields);
  fields = curl_slist_append(nullptr, "Content-Type: application/json");
  fields = curl_slist_append(fields, "Expect:");
  if (!token.empty()) fields = curl_slist_append(fields, ("Authorization: Bearer " + token).c_str());
  curl_easy_setopt(handle, CURLOPT_URL, (address.base_url + path).c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields);
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, method.c_str());
  if (!address.unix_path.empty()) curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, address.unix_path.c_str());
  if (!body.empty()) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, body.c_str());
  }
  curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");  // a token is for the broker, not for who stands between
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, kTimeoutMs);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_bytes);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer);
}

std::string AdminClient::Impl::sentence(CURLcode code) const {
  std::string why = error[0] != '\0' ? error : curl_easy_strerror(code);
  if (long number = 0; curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &number) == CURLE_OK && number != 0) {
    why = std::generic_category().message(static_cast<int>(number));  // libcurl names a host even for a socket's path
  }
  if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
    return "cannot connect to the admin API at " + where() + " (" + why +
           "): is the broker running? Say where it is by --admin";
  }
  return "the admin API at " + where() + " did not answer: " + why;
}

AdminClient::AdminClient(AdminAddress address, std::string token)
    : impl_(std::make_unique<Impl>(std::move(address), std::move(token))) {}

AdminClient::~AdminClient() = default;

Outcome<Json> AdminClient::ask(const std::string& method, const std::string& path, const Json& body) {
  if (impl_->handle == nullptr) return failed("libcurl could not be set up");
  std::string answer;
  const std::string text = body.is_null() ? "" : body.dump(-1, ' ', false, Json::error_handler_t::replace);
  impl_->set_up(method, path, text, answer);
  impl_->error[0] = '\0';
  const CURLcode code = curl_easy_perform(impl_->handle);
  if (code != CURLE_OK) return failed(impl_->sentence(code));
  long status = 0;
  curl_easy_getinfo(impl_->handle, CURLINFO_RESPONSE_CODE, &status);
  return read_answer(status, answer);
}

}  // namespace ingress::ctl
