#include "common/origin/origin_connection.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <optional>
#include <utility>

#include "common/origin/pool_core.h"
#include "common/tls/tls_session.h"

namespace ingress::origin {
namespace {

// A buffer that is larger is not kept while it is empty.
constexpr size_t kKeptBufferBytes = size_t{4} * 1024;
// What an idle connection may read; any byte of it ends the connection.
constexpr size_t kIdleReadBytes = 1024;

constexpr Error kUnasked{ErrorCode::kProtocol, Side::kOrigin, false, 0, "bytes that answer no request"};
constexpr Error kUnwantedSwitch{ErrorCode::kProtocol, Side::kOrigin, false, 0,
                                "the origin switched protocols before it had the whole request"};

// The seconds of `Keep-Alive: timeout=N`.
std::optional<int> keep_alive_seconds(std::string_view value) {
  constexpr std::string_view kName = "timeout=";
  while (!value.empty()) {
    const size_t comma = value.find(',');
    std::string_view part = value.substr(0, comma);
    value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
    while (!part.empty() && (part.front() == ' ' || part.front() == '\t')) part.remove_prefix(1);
    if (part.size() <= kName.size() || !http::iequals(part.substr(0, kName.size()), kName)) continue;
    int seconds = 0;
    const auto parsed = std::from_chars(part.data() + kName.size(), part.data() + part.size(), seconds);
    if (parsed.ec == std::errc{}) return seconds;
  }
  return std::nullopt;
}

}  // namespace

OriginConnection::OriginConnection(PoolCore& core, TargetState& target, std::unique_ptr<uv::Socket> socket,
                                   std::unique_ptr<tls::TlsSession> session)
    : core_(core),
      target_(target),
      connection_(core.loop(), std::move(socket), std::move(session), Side::kOrigin),
      reader_(core.limits().reader),
      deadline_(core.loop().deadlines(), *this) {
  connection_.set_handler(this);
  connection_.set_water_marks(kMostBacklogBytes, kMostBacklogBytes / 2);
}

void OriginConnection::attach(ActiveExchange& exchange, bool head_request, bool wants_upgrade) {
  const bool begun = use_ == Use::kIdle;
  deadline_.cancel();
  exchange_ = &exchange;
  use_ = Use::kExchange;
  reused_ = begun;
  written_bytes_ = 0;
  head_done_ = false;
  blocked_ = false;
  reader_.expect(head_request, wants_upgrade);
  if (!begun) connection_.start();
}

void OriginConnection::become_idle() {
  exchange_ = nullptr;
  use_ = Use::kIdle;
  idle_since_ = core_.loop().now();
  deadline_.arm(idle_since_ + idle_limit_);
  connection_.resume_read();
}

void OriginConnection::become_closing() {
  exchange_ = nullptr;
  use_ = Use::kClosing;
  deadline_.cancel();
  connection_.close_after_flush();
}

void OriginConnection::become_dead() {
  exchange_ = nullptr;
  use_ = Use::kDead;
  deadline_.cancel();
  // A FIN would wait behind what the origin doesn't read.
  if (connection_.backlog_bytes() > 0) {
    connection_.abort();
  } else {
    connection_.close();
  }
}

std::optional<Bytes> OriginConnection::all_unsent() const {
  const Bytes gathered = connection_.gathered();
  if (gathered.empty() || gathered.size() != written_bytes_) return std::nullopt;
  return gathered;
}

size_t OriginConnection::room() const {
  if (connection_.congested()) return 0;
  const size_t backlog = connection_.backlog_bytes();
  // At the mark itself the connection is not congested yet: on_drained would not come.
  return backlog < kMostBacklogBytes ? kMostBacklogBytes - backlog : 1;
}

size_t OriginConnection::read_limit() {
  if (exchange_ == nullptr) return kIdleReadBytes;
  if (blocked_) return 0;
  const size_t allowance = exchange_->allowance();
  return head_done_ ? allowance : std::max(allowance, kHeadReadBytes);
}

void OriginConnection::on_data(MutableBytes bytes) {
  if (use_ == Use::kIdle) return core_.drop_idle(*this);
  if (exchange_ == nullptr) return;
  if (reused_ && reader_.untouched() && all_unsent()) return lost(kUnasked);
  exchange_->touch();
  if (!held_.empty()) {
    held_.append(bytes);
    read_held();
    return;
  }
  MutableBytes rest = bytes;
  read(rest);
  if (exchange_ != nullptr && !rest.empty()) held_.append(rest);
}

void OriginConnection::resume() {
  read_held();
  if (exchange_ != nullptr && !blocked_) connection_.resume_read();
}

void OriginConnection::read_held() {
  MutableBytes rest = held_.mutable_view();
  read(rest);
  held_.consume(held_.size() - rest.size());
  if (held_.empty() && held_.capacity() > kKeptBufferBytes) held_.release();
}

void OriginConnection::read(MutableBytes& input) {
  blocked_ = false;
  while (step(input)) {
  }
}

bool OriginConnection::step(MutableBytes& input) {
  switch (reader_.next(input, exchange_->allowance())) {
    case http::ReadEvent::kNeedMore:
      if (origin_ended_) take_end_of_input();
      return false;
    case http::ReadEvent::kBlocked:
      blocked_ = true;
      return false;
    case http::ReadEvent::kHead:
      return take_head(input);
    case http::ReadEvent::kData:
      return take_data(input);
    case http::ReadEvent::kEnd:
      take_end(input);
      return false;
    case http::ReadEvent::kError:
      lost(reader_.error());
      return false;
  }
  return false;
}

bool OriginConnection::take_head(MutableBytes& input) {
  constexpr int kSwitchingProtocols = 101;
  constexpr int kFirstFinal = 200;
  const http::ResponseHead& head = reader_.head();
  const http::BodyFraming framing = reader_.framing();
  if (head.status < kFirstFinal && head.status != kSwitchingProtocols) {
    exchange_->answer_head(head, false);
    return exchange_ != nullptr;
  }
  head_done_ = true;
  note_keep_alive(head);
  const bool switching = framing.kind == http::BodyKind::kUpgraded;
  if (switching && !exchange_->switch_protocols()) {
    lost(kUnwantedSwitch);
    return false;
  }
  const bool empty =
      framing.kind == http::BodyKind::kNone || (framing.kind == http::BodyKind::kLength && framing.length == 0);
  exchange_->answer_head(head, empty);
  if (exchange_ == nullptr) return false;
  if (switching) exchange_->connection_drained();
  if (!empty) return exchange_ != nullptr;
  const http::ReadEvent end = reader_.next(input, 0);
  assert(end == http::ReadEvent::kEnd);
  static_cast<void>(end);
  exchange_->answer_complete({}, ActiveExchange::Last::kTold, reusable(input));
  return false;
}

bool OriginConnection::take_data(MutableBytes& input) {
  const MutableBytes piece = reader_.data();
  // A look ahead, so that the last piece carries the end.
  const http::ReadEvent next = reader_.next(input, 0);
  if (next == http::ReadEvent::kEnd && reader_.trailers().empty()) {
    exchange_->answer_complete(piece, ActiveExchange::Last::kData, reusable(input));
    return false;
  }
  exchange_->answer_data(piece);
  if (exchange_ == nullptr) return false;
  switch (next) {
    case http::ReadEvent::kEnd:
      take_end(input);
      return false;
    case http::ReadEvent::kError:
      lost(reader_.error());
      return false;
    case http::ReadEvent::kNeedMore:
      if (origin_ended_) take_end_of_input();
      return false;
    case http::ReadEvent::kBlocked:
    case http::ReadEvent::kHead:
    case http::ReadEvent::kData:
      return true;
  }
  return true;
}

void OriginConnection::take_end(MutableBytes& input) {
  if (reader_.trailers().empty()) {
    exchange_->answer_complete({}, ActiveExchange::Last::kData, reusable(input));
    return;
  }
  exchange_->answer_trailers(reader_.trailers());
  if (exchange_ != nullptr) exchange_->answer_complete({}, ActiveExchange::Last::kTold, reusable(input));
}

void OriginConnection::take_end_of_input() {
  const bool opaque = reader_.framing().kind == http::BodyKind::kUpgraded;
  if (reader_.end_of_input() == http::ReadEvent::kError) return lost(reader_.error());
  if (opaque) {
    exchange_->answer_half_closed();
  } else {
    exchange_->answer_complete({}, ActiveExchange::Last::kData, false);
  }
}

void OriginConnection::note_keep_alive(const http::ResponseHead& head) {
  idle_limit_ = core_.limits().idle_limit;
  const http::Field* field = http::find_field(head.fields, "Keep-Alive");
  if (field == nullptr) return;
  const std::optional<int> seconds = keep_alive_seconds(field->value);
  if (seconds) idle_limit_ = std::min(idle_limit_, Duration(std::chrono::seconds(std::max(*seconds - 1, 0))));
}

bool OriginConnection::reusable(const MutableBytes& input) const {
  return reader_.keep_alive() && input.empty() && !origin_ended_ && idle_limit_ > Duration{0};
}

void OriginConnection::on_end() {
  switch (use_) {
    case Use::kExchange:
      origin_ended_ = true;
      return read_held();
    case Use::kIdle:
      core_.distrust(*this);
      return core_.drop_idle(*this);
    case Use::kClosing:
    case Use::kDead:
      return;
  }
}

void OriginConnection::on_drained() {
  if (exchange_ != nullptr) exchange_->connection_drained();
}

void OriginConnection::on_closed(const Error& error) {
  switch (use_) {
    case Use::kExchange:
      return lost(error);
    case Use::kIdle:
      core_.distrust(*this);
      return core_.drop_idle(*this);
    case Use::kClosing:
      return core_.drop_closed(*this);
    case Use::kDead:
      return;
  }
}

void OriginConnection::on_deadline(Deadline&) { core_.drop_idle(*this); }

void OriginConnection::lost(const Error& error) { exchange_->connection_lost(error, reader_.untouched()); }

}  // namespace ingress::origin
