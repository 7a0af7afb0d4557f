#include "common/http/http2_client_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "common/http/http1_writer.h"
#include "common/http/http2_client_callbacks.h"
#include "common/http/http2_request_fields.h"

namespace ingress::http {
namespace {

constexpr int kFirstFinal = 200;
constexpr int kSwitchingProtocols = 101;
constexpr size_t kFieldOverheadBytes = 32;  // RFC 9113, 6.5.2
// Field sections of a request; the tunnel's limit is below it.
constexpr size_t kMostSentHeadBytes = size_t{256} * 1024;

constexpr Error kBroken{ErrorCode::kProtocol, Side::kOrigin, false, 0, "the origin's HTTP/2 is malformed"};
constexpr Error kNotHttp2{ErrorCode::kProtocol, Side::kOrigin, false, 0, "the origin does not speak HTTP/2"};
constexpr Error kMalformed{ErrorCode::kProtocol, Side::kOrigin, false, 0, "the origin's HTTP/2 answer is malformed"};
constexpr Error kLargeHead{ErrorCode::kTooLarge, Side::kOrigin, false, 0, "the origin's head is too large"};
constexpr Error kInterim{ErrorCode::kProtocol, Side::kOrigin, false, 0, "too many interim heads from the origin"};
constexpr Error kReset{ErrorCode::kReset, Side::kOrigin, false, 0, "the origin reset the stream"};
constexpr Error kUnprocessed{ErrorCode::kReset, Side::kOrigin, false, 0, "the origin refused the stream"};
constexpr Error kEnded{ErrorCode::kClosed, Side::kOrigin, false, 0, "the stream ended"};

}  // namespace

Http2ClientSession::Http2ClientSession(const ReaderLimits& limits) : limits_(limits) {
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_send_header_block_length(option, kMostSentHeadBytes);
  nghttp2_session_client_new2(&session_, Callbacks::table(), this, option);
  nghttp2_option_del(option);
  const std::array settings = std::to_array<nghttp2_settings_entry>({
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindowBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits_.head_bytes)},
  });
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindowBytes);
}

Http2ClientSession::~Http2ClientSession() { nghttp2_session_del(session_); }

Status Http2ClientSession::receive(MutableBytes input) {
  if (failed_) return tl::unexpected(kBroken);
  const ssize_t read = nghttp2_session_mem_recv(session_, input.data(), input.size());
  // Where the server broke the connection's state nghttp2 is about to say GOAWAY, and takes no more requests.
  const bool ids_left = nghttp2_session_get_next_stream_id(session_) <= INT32_MAX;
  failed_ = read < 0 || (ids_left && !goaway_came_ && nghttp2_session_check_request_allowed(session_) == 0);
  if (!failed_) return {};
  return tl::unexpected(settings_came_ ? kBroken : kNotHttp2);
}

Bytes Http2ClientSession::output() {
  const uint8_t* data = nullptr;
  const ssize_t size = nghttp2_session_mem_send(session_, &data);
  if (size <= 0) return {};
  return {data, static_cast<size_t>(size)};
}

bool Http2ClientSession::request(const Request& request, Http2ClientStream& stream) {
  std::vector<nghttp2_nv> fields;
  request_fields(request.method, request.target, *request.fields, fields);
  const nghttp2_data_provider body{{}, Callbacks::read_body};
  const int32_t id =
      nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), request.end ? nullptr : &body, &stream);
  if (id < 0) return false;
  stream.record = {};
  stream.record.id = id;
  stream.record.place = streams_.size();
  streams_.push_back(&stream);
  return true;
}

void Http2ClientSession::resume_body(const Http2ClientStream& stream) {
  nghttp2_session_resume_data(session_, stream.record.id);
}

void Http2ClientSession::consumed(const Http2ClientStream& stream, size_t bytes) {
  if (stream.record.id != 0 && bytes > 0) nghttp2_session_consume_stream(session_, stream.record.id, bytes);
}

void Http2ClientSession::cancel(Http2ClientStream& stream) {
  if (stream.record.id == 0) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.record.id, NGHTTP2_CANCEL);
  detach(stream);
}

void Http2ClientSession::forget(Http2ClientStream& stream) {
  if (stream.record.id != 0) detach(stream);
}

void Http2ClientSession::lose(const Error& error) {
  failed_ = true;
  while (!streams_.empty()) {
    Http2ClientStream& stream = *streams_.back();
    // What nghttp2 knows no stream of has not been sent.
    const bool sent = nghttp2_session_get_stream_user_data(session_, stream.record.id) != nullptr;
    end(stream, sent ? Http2Ending::kLost : Http2Ending::kUnprocessed, error);
  }
}

void Http2ClientSession::say_goodbye() { nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR); }

size_t Http2ClientSession::stream_limit() const {
  if (!settings_came_) return 1;
  // A server that takes none for now has nghttp2 keep the request until it does.
  return std::max<size_t>(nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS), 1);
}

bool Http2ClientSession::takes_requests() const {
  return !failed_ && !goaway_came_ && nghttp2_session_check_request_allowed(session_) != 0;
}

bool Http2ClientSession::over() const {
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

void Http2ClientSession::begin_head() {
  text_.clear();
  pieces_.clear();
  status_ = 0;
}

bool Http2ClientSession::take_field(Http2ClientStream& stream, std::string_view name, std::string_view value) {
  if (name == ":status") {
    std::from_chars(value.data(), value.data() + value.size(), status_);
    return true;
  }
  const size_t list_bytes = text_.size() + name.size() + value.size() + kFieldOverheadBytes * pieces_.size();
  if (list_bytes > limits_.head_bytes || pieces_.size() >= limits_.field_count) {
    stream.record.fault = &kLargeHead;
    return false;
  }
  pieces_.push_back({text_.size(), name.size(), value.size()});
  text_.insert(text_.end(), name.begin(), name.end());
  text_.insert(text_.end(), value.begin(), value.end());
  return true;
}

void Http2ClientSession::end_head(Http2ClientStream& stream, bool end) {
  if (stream.record.fault != nullptr) return;
  Fields& fields = stream.record.head_done ? trailers_ : head_.fields;
  fields.clear();
  for (const Piece& piece : pieces_) {
    const char* name = text_.data() + piece.begin;
    fields.push_back({{name, piece.name_bytes}, {name + piece.name_bytes, piece.value_bytes}});
  }
  stream.record.answer_ended = stream.record.answer_ended || end;
  if (stream.record.head_done) return stream.on_trailers(trailers_);
  head_.status = status_;
  head_.reason = reason_of(status_);
  head_.minor_version = 1;
  stream.record.head_done = status_ >= kFirstFinal;
  const bool one_too_many = !stream.record.head_done && ++stream.record.interim_heads > kMostInterimHeads;
  if (one_too_many || status_ == kSwitchingProtocols) {
    stream.record.fault = one_too_many ? &kInterim : &kMalformed;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.record.id, NGHTTP2_PROTOCOL_ERROR);
    return;
  }
  stream.on_head(head_, end);
}

void Http2ClientSession::take_data(Http2ClientStream& stream, MutableBytes payload, bool last_of_frame) {
  if (stream.record.fault != nullptr) return;
  // The last piece waits for the frame's verdict (is the body as long as its Content-Length?), which comes next.
  if (last_of_frame) {
    tail_ = payload;
  } else {
    stream.on_data(payload, false);
  }
}

void Http2ClientSession::end_data(Http2ClientStream& stream) {
  if (stream.record.fault != nullptr) return;
  stream.record.answer_ended = true;
  stream.on_data(std::exchange(tail_, {}), true);
}

void Http2ClientSession::stream_closed(Http2ClientStream& stream, uint32_t code) {
  if (stream.record.fault != nullptr) return end(stream, Http2Ending::kFailed, *stream.record.fault);
  if (stream.record.answer_ended && code == NGHTTP2_NO_ERROR) return end(stream, Http2Ending::kComplete, kEnded);
  const bool refused = code == NGHTTP2_REFUSED_STREAM;
  Error error = refused ? kUnprocessed : kMalformed;
  if (stream.record.reset_by_peer) {
    if (!refused) error = kReset;
    if (code > 0 && code <= UINT8_MAX) {
      error.code = ErrorCode::kHttp2Reset;
      error.sys_errno = static_cast<int>(code);
    }
  }
  end(stream, refused ? Http2Ending::kUnprocessed : Http2Ending::kFailed, error);
}

void Http2ClientSession::detach(Http2ClientStream& stream) {
  nghttp2_session_set_stream_user_data(session_, stream.record.id, nullptr);
  Http2ClientStream* const last = streams_.back();
  streams_[stream.record.place] = last;
  last->record.place = stream.record.place;
  streams_.pop_back();
  stream.record.id = 0;
}

void Http2ClientSession::end(Http2ClientStream& stream, Http2Ending ending, const Error& error) {
  detach(stream);
  stream.on_ended(ending, error);
}

Http2ClientStream* Http2ClientSession::find(int32_t id) const {
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [id](const Http2ClientStream* each) { return each->record.id == id; });
  return found == streams_.end() ? nullptr : *found;
}

}  // namespace ingress::http
