#include "ctl/admin_client.h"

#include <curl/curl.h>

#include <chrono>
#include <optional>
#include <system_error>

#include "ctl/problem.h"
#include "ctl/stream_silence.h"

namespace ingress::ctl {
namespace {

constexpr long kConnectTimeoutMs = 10000;
constexpr long kTimeoutMs = 60000;
// A stream of events has a comment every 15 s.
constexpr std::chrono::seconds kMostSilence{45};
constexpr int kPollMs = 1000;
constexpr size_t kMaxAnswerBytes = size_t{256} * 1024 * 1024;

Time clock_now() { return std::chrono::floor<Duration>(fine_now()); }

size_t take_bytes(char* bytes, size_t, size_t count, void* to) {
  auto& answer = *static_cast<std::string*>(to);
  if (answer.size() + count > kMaxAnswerBytes) return 0;
  answer.append(bytes, count);
  return count;
}

// A stream's bytes: events where the answer is good, else what is wrong.
struct Following {
  Following(CURL* of, const AdminClient::OnEvent& on_event)
      : handle(of), reader([this, &on_event](const Event& event) { enough = enough || !on_event(event); }) {}

  CURL* handle;
  bool enough = false;
  EventReader reader;
  std::string refusal;
  long status = 0;
};

size_t take_events(char* bytes, size_t, size_t count, void* to) {
  auto& following = *static_cast<Following*>(to);
  curl_easy_getinfo(following.handle, CURLINFO_RESPONSE_CODE, &following.status);
  if (following.status != 200) return take_bytes(bytes, 1, count, &following.refusal);
  return following.reader.feed({bytes, count}) && !following.enough ? count : 0;
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

  void set_up(const std::string& method, const std::string& path, const std::string& body, const char* content_type,
              std::string& answer);
  // One more header field of the request that is set up.
  void add_field(const std::string& field);
  std::string answered_field(const char* name) const;
  // Runs the request that is set up until it is over; nullopt where an interrupt came or silence lasted before.
  std::optional<CURLcode> run(const Interrupts& interrupts, StreamSilence& silence);
  curl_off_t received() const;
  std::string where() const { return address.unix_path.empty() ? address.base_url : address.unix_path; }
  // A sentence, and a word for programs.
  tl::unexpected<Failure> no_answer(CURLcode code) const;
  tl::unexpected<Failure> no_answer(const std::string& why) const;
};

void AdminClient::Impl::set_up(const std::string& method, const std::string& path, const std::string& body,
                               const char* content_type, std::string& answer) {
  curl_easy_reset(handle);
  curl_slist_free_all(fields);
  fields = curl_slist_append(nullptr, (std::string("Content-Type: ") + content_type).c_str());
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

void AdminClient::Impl::add_field(const std::string& field) {
  fields = curl_slist_append(fields, field.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields);
}

std::string AdminClient::Impl::answered_field(const char* name) const {
  curl_header* found = nullptr;
  return curl_easy_header(handle, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value : "";
}

curl_off_t AdminClient::Impl::received() const {
  curl_off_t bytes = 0;
  curl_easy_getinfo(handle, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
  return bytes;
}

std::optional<CURLcode> AdminClient::Impl::run(const Interrupts& interrupts, StreamSilence& silence) {
  CURLM* const multi = curl_multi_init();
  curl_multi_add_handle(multi, handle);
  std::optional<CURLcode> over;
  int running = 1;
  while (true) {
    curl_multi_perform(multi, &running);
    int left = 0;
    const CURLMsg* message = curl_multi_info_read(multi, &left);
    if (message != nullptr) over = message->data.result;
    if (message != nullptr || running == 0 || silence.lasted(received(), clock_now())) break;
    curl_waitfd interrupted{interrupts.descriptor(), CURL_WAIT_POLLIN, 0};
    curl_multi_poll(multi, &interrupted, interrupts.descriptor() < 0 ? 0 : 1, kPollMs, nullptr);
    if (interrupted.revents != 0) break;
  }
  curl_multi_remove_handle(multi, handle);
  curl_multi_cleanup(multi);
  return over;
}

tl::unexpected<Failure> AdminClient::Impl::no_answer(CURLcode code) const {
  std::string why = error[0] != '\0' ? error : curl_easy_strerror(code);
  if (long number = 0; curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &number) == CURLE_OK && number != 0) {
    why = std::generic_category().message(static_cast<int>(number));  // libcurl names a host even for a socket's path
  }
  if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
    return tl::unexpected<Failure>(Failure{cli::kExitFailed,
                                           "cannot connect to the admin API at " + where() + " (" + why +
                                               "): is the broker running? Say where it is by --admin",
                                           "admin_unreachable"});
  }
  return no_answer(why);
}

tl::unexpected<Failure> AdminClient::Impl::no_answer(const std::string& why) const {
  return tl::unexpected<Failure>(
      Failure{cli::kExitFailed, "the admin API at " + where() + " did not answer: " + why, "admin_no_answer"});
}

AdminClient::AdminClient(AdminAddress address, std::string token)
    : impl_(std::make_unique<Impl>(std::move(address), std::move(token))) {}

AdminClient::~AdminClient() = default;

Outcome<RawAnswer> AdminClient::send(const std::string& method, const std::string& path, const std::string& body,
                                     const char* content_type, const std::string& if_match) {
  if (impl_->handle == nullptr) return failed("libcurl could not be set up");
  RawAnswer answer;
  impl_->set_up(method, path, body, content_type, answer.body);
  if (!if_match.empty()) impl_->add_field("If-Match: " + if_match);
  impl_->error[0] = '\0';
  const CURLcode code = curl_easy_perform(impl_->handle);
  if (code != CURLE_OK) return impl_->no_answer(code);
  curl_easy_getinfo(impl_->handle, CURLINFO_RESPONSE_CODE, &answer.status);
  answer.etag = impl_->answered_field("ETag");
  return answer;
}

Outcome<Json> AdminClient::ask(const std::string& method, const std::string& path, const Json& body,
                               const std::string& if_match) {
  const std::string text = body.is_null() ? "" : body.dump(-1, ' ', false, Json::error_handler_t::replace);
  const Outcome<RawAnswer> answer = send(method, path, text, "application/json", if_match);
  if (!answer) return tl::unexpected(answer.error());
  return read_answer(answer->status, answer->body);
}

Outcome<TaggedRecord> AdminClient::read(const std::string& path) {
  Outcome<RawAnswer> answer = send("GET", path, "", "application/json");
  if (!answer) return tl::unexpected(answer.error());
  Outcome<Json> record = read_answer(answer->status, answer->body);
  if (!record) return tl::unexpected(record.error());
  if (answer->etag.empty()) return no_answer_of_the_api("the answer has no ETag");
  return TaggedRecord{std::move(*record), std::move(answer->etag)};
}

Outcome<void> AdminClient::follow(const std::string& path, const Interrupts& interrupts, const OnEvent& on_event) {
  if (impl_->handle == nullptr) return failed("libcurl could not be set up");
  Following following(impl_->handle, on_event);
  impl_->set_up("GET", path, "", "application/json", following.refusal);
  impl_->add_field("Accept: text/event-stream");
  curl_easy_setopt(impl_->handle, CURLOPT_TIMEOUT_MS, 0L);
  curl_easy_setopt(impl_->handle, CURLOPT_WRITEFUNCTION, take_events);
  curl_easy_setopt(impl_->handle, CURLOPT_WRITEDATA, &following);
  impl_->error[0] = '\0';
  StreamSilence silence(clock_now(), kMostSilence);
  const std::optional<CURLcode> over = impl_->run(interrupts, silence);
  if (silence.over()) return impl_->no_answer("it was silent for " + std::to_string(kMostSilence.count()) + " s");
  if (!over || following.enough) return {};
  curl_easy_getinfo(impl_->handle, CURLINFO_RESPONSE_CODE, &following.status);
  if (*over == CURLE_OK && following.status != 200) {
    const Outcome<Json> refused = read_answer(following.status, following.refusal);
    return refused ? no_answer_of_the_api("the answer is no stream of events") : tl::unexpected(refused.error());
  }
  if (*over == CURLE_OK) return failed("the broker at " + impl_->where() + " has ended the stream: it is going away");
  return impl_->no_answer(*over);
}

}  // namespace ingress::ctl
