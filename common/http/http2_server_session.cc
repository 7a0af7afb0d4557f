#include <array>
#include <cassert>
#include <utility>

#include "common/http/http2_server_impl.h"

// Not in every nghttp2 that distributions carry.
extern "C" __attribute__((weak)) void nghttp2_option_set_max_continuations(nghttp2_option* option, size_t most);
extern "C" __attribute__((weak)) void nghttp2_option_set_stream_reset_rate_limit(nghttp2_option* option, uint64_t burst,
                                                                                 uint64_t per_second);

namespace ingress::http {
namespace {

constexpr size_t kMostWaitingAcks = 256;
// nghttp2 counts a frame as often as its header comes in pieces; what we count (Http2Callbacks) is less.
constexpr size_t kMostContinuationPieces = 128;

// More than the head of any answer that a tunnel carries takes, by nghttp2's own generous estimate.
constexpr size_t kMostSentHeadBytes = size_t{512} * 1024;

// Resets are counted by FloodGuard, which tells a deadline that passed from a flood.
constexpr uint64_t kResetsUncounted = 1'000'000'000;

nghttp2_option* make_option() {
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_max_outbound_ack(option, kMostWaitingAcks);
  nghttp2_option_set_max_send_header_block_length(option, kMostSentHeadBytes);
  if (nghttp2_option_set_max_continuations != nullptr) {
    nghttp2_option_set_max_continuations(option, kMostContinuationPieces);
  }
  if (nghttp2_option_set_stream_reset_rate_limit != nullptr) {
    nghttp2_option_set_stream_reset_rate_limit(option, kResetsUncounted, kResetsUncounted);
  }
  return option;
}

// Of all sessions; lives as long as the program.
const nghttp2_option* options() {
  static const nghttp2_option* const option = make_option();
  return option;
}

uint32_t code_of_failure(int failure) {
  switch (failure) {
    case NGHTTP2_ERR_FLOODED:
      return NGHTTP2_ENHANCE_YOUR_CALM;
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
      return NGHTTP2_PROTOCOL_ERROR;
    default:
      return NGHTTP2_INTERNAL_ERROR;
  }
}

}  // namespace

Http2ServerSession::Http2ServerSession(Http2SessionHandler& handler, const ReaderLimits& limits)
    : impl_(std::make_unique<Impl>(handler, limits)) {
  nghttp2_session_server_new2(&impl_->session, Http2Callbacks::all(), this, options());
  const std::array<nghttp2_settings_entry, 3> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kMostStreams},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits.head_bytes)},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
  }};
  nghttp2_submit_settings(impl_->session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(impl_->session, NGHTTP2_FLAG_NONE, 0, kConnectionWindowBytes);
}

Http2ServerSession::~Http2ServerSession() = default;

void Http2ServerSession::receive(MutableBytes bytes, Time now) {
  if (impl_->failed) return;
  impl_->now = now;
  const ssize_t taken = nghttp2_session_mem_recv(impl_->session, bytes.data(), bytes.size());
  if (taken < 0) {
    impl_->failed = true;
    const uint32_t code = impl_->failure != 0 ? impl_->failure : code_of_failure(static_cast<int>(taken));
    nghttp2_session_terminate_session(impl_->session, code);
  }
  give_back_closed();
}

bool Http2ServerSession::output(ByteBuffer& out, size_t most) {
  impl_->out = &out;
  bool more = true;
  while (more && out.size() < most && nghttp2_session_want_write(impl_->session) != 0) {
    const uint8_t* bytes = nullptr;
    const size_t before = out.size();
    const ssize_t size = nghttp2_session_mem_send(impl_->session, &bytes);
    if (size > 0) out.append(Bytes(bytes, static_cast<size_t>(size)));
    more = size > 0 || (size == 0 && out.size() > before);
  }
  impl_->out = nullptr;
  tell_drained();
  give_back_closed();
  return more && out.size() >= most;
}

bool Http2ServerSession::over() const {
  if (nghttp2_session_want_write(impl_->session) != 0) return false;
  return impl_->failed || nghttp2_session_want_read(impl_->session) == 0;
}

size_t Http2ServerSession::waiting_frames() const { return nghttp2_session_get_outbound_queue_size(impl_->session); }

void Http2ServerSession::drain() {
  if (std::exchange(impl_->draining, true)) return;
  nghttp2_submit_shutdown_notice(impl_->session);
  nghttp2_submit_ping(impl_->session, NGHTTP2_FLAG_NONE, nullptr);
}

void Http2ServerSession::finish_drain() {
  if (!impl_->draining || std::exchange(impl_->drain_finished, true)) return;
  nghttp2_submit_goaway(impl_->session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(impl_->session),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

void Http2ServerSession::lose(const Error& error) {
  for (const std::unique_ptr<Http2Stream>& stream : impl_->all) {
    if (stream->id_ != 0) close_stream(*stream, error);
  }
  give_back_closed();
}

int Http2ServerSession::fail(uint32_t code) {
  impl_->failure = code;
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int Http2ServerSession::flooded() { return fail(NGHTTP2_ENHANCE_YOUR_CALM); }

Http2Stream& Http2ServerSession::take_stream(int32_t id) {
  if (impl_->spare.empty()) {
    impl_->all.push_back(std::make_unique<Http2Stream>());
    impl_->spare.push_back(impl_->all.back().get());
  }
  Http2Stream& stream = *impl_->spare.back();
  impl_->spare.pop_back();
  stream.session_ = this;
  stream.id_ = id;
  stream.opened_at_ = impl_->now;
  stream.window_bytes_ = kFirstWindowBytes;
  ++stream_count_;
  nghttp2_session_set_stream_user_data(impl_->session, id, &stream);
  return stream;
}

void Http2ServerSession::close_stream(Http2Stream& stream, const Error& error) {
  --stream_count_;
  impl_->grown_bytes -= stream.window_bytes_ - kFirstWindowBytes;
  stream.id_ = 0;
  impl_->closed.push_back(&stream);
  if (Http2StreamHandler* handler = std::exchange(stream.handler_, nullptr)) handler->on_stream_closed(error);
}

void Http2ServerSession::give_back_closed() {
  for (Http2Stream* stream : impl_->closed) {
    stream->waiting_.release();
    stream->trailers_.clear();
    stream->since_growth_bytes_ = 0;
    stream->head_sent_ = stream->ended_ = stream->deferred_ = stream->over_mark_ = false;
    stream->cut_ = stream->reset_ = stream->opaque_ = false;
    impl_->spare.push_back(stream);
  }
  impl_->closed.clear();
}

void Http2ServerSession::tell_drained() {
  for (size_t i = 0; i < impl_->drained.size(); ++i) {
    Http2Stream& stream = *impl_->drained[i];
    if (stream.handler_ != nullptr) stream.handler_->on_stream_drained();
  }
  impl_->drained.clear();
}

void Http2Stream::send_head(int status, const Fields& fields, bool end) {
  if (id_ == 0 || ended_ || cut_) return;
  thread_local std::string text;
  thread_local std::vector<nghttp2_nv> rows;
  const std::string status_text = std::to_string(status);
  make_rows(status_text, fields, text, rows);
  nghttp2_session* const session = session_->impl_->session;
  if (status < 200) {
    nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, id_, nullptr, rows.data(), rows.size(), nullptr);
    return;
  }
  head_sent_ = true;
  ended_ = end;
  const nghttp2_data_provider provider = Http2Callbacks::provider(*this);
  nghttp2_submit_response(session, id_, rows.data(), rows.size(), end ? nullptr : &provider);
}

void Http2Stream::send_data(Bytes payload, bool end) {
  if (id_ == 0 || ended_ || cut_) return;
  waiting_.append(payload);
  ended_ = end;
  if (waiting_.size() > kMarkBytes) over_mark_ = true;
  if (std::exchange(deferred_, false)) nghttp2_session_resume_data(session_->impl_->session, id_);
}

void Http2Stream::send_trailers(const Fields& trailers) {
  if (id_ == 0 || ended_ || cut_) return;
  for (const Field& field : trailers) {
    trailers_.append(field.name).push_back('\0');
    trailers_.append(field.value).push_back('\0');
  }
  send_data({}, true);
}

void Http2Stream::consumed(size_t bytes, bool kept_up) {
  if (id_ == 0 || bytes == 0) return;
  nghttp2_session* const session = session_->impl_->session;
  nghttp2_session_consume_stream(session, id_, bytes);
  since_growth_bytes_ += static_cast<uint32_t>(bytes);
  if (!kept_up || since_growth_bytes_ < window_bytes_) return;
  since_growth_bytes_ = 0;
  const uint32_t more = window_bytes_ + 1;
  size_t& grown = session_->impl_->grown_bytes;
  if (window_bytes_ + more > Http2ServerSession::kMostWindowBytes ||
      grown + more > Http2ServerSession::kGrowthBudgetBytes) {
    return;
  }
  window_bytes_ += more;
  grown += more;
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, id_, static_cast<int32_t>(window_bytes_));
}

void Http2Stream::cut(bool after_waiting, uint32_t code) {
  if (id_ == 0 || reset_) return;
  if (!std::exchange(cut_, true)) cut_code_ = code;
  nghttp2_session* const session = session_->impl_->session;
  if (after_waiting && head_sent_ && !ended_) {
    if (std::exchange(deferred_, false)) nghttp2_session_resume_data(session, id_);
    return;
  }
  reset_ = true;
  nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id_, cut_code_);
}

}  // namespace ingress::http
