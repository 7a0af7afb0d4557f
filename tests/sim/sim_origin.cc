#include "tests/sim/sim_origin.h"

#include <charconv>
#include <utility>

#include "tests/sim/message_reader.h"
#include "tests/sim/stream_actor.h"

namespace ingress::sim {

// One connection. Requests come one after the other; the answer may begin before the request has ended.
class SimOrigin::Serving final : public StreamActor, private MessageEvents {
 public:
  Serving(SimOrigin& owner, std::shared_ptr<SimSocket> socket)
      : StreamActor(owner.network_, std::move(socket)), owner_(owner), reader_(*this, false) {}

  bool idle() const { return record_ == nullptr && reader_.idle(); }

 private:
  static constexpr size_t kPiece = 16384;

  // StreamActor
  void on_bytes(std::string_view bytes) override;
  void on_end() override;
  void on_broken() override { leave(); }
  void on_written() override { go_on(); }
  // MessageEvents
  bool on_head(const MessageHead& head) override;
  void on_body(std::string_view bytes) override;
  void on_message_end() override;

  void begin_answer();
  void write_head();
  void go_on();
  void write_piece(size_t size);
  void finish_answer();
  void leave();
  void leave_when_written();

  SimOrigin& owner_;
  MessageReader reader_;
  ExchangeRecord* record_ = nullptr;  // under way
  bool request_ended_ = false;
  bool answering_ = false;  // its head is out
  bool answered_ = false;
  bool pausing_ = false;
  size_t offset_ = 0;  // of the answer
  size_t since_pause_ = 0;
};

void SimOrigin::Serving::on_bytes(std::string_view bytes) {
  if (reader_.read(bytes)) return;
  if (record_ != nullptr) mark_wrong(*record_, "the origin got what is no HTTP/1.1");
  close(true);
  leave();
}

void SimOrigin::Serving::on_end() {
  const bool opaque = record_ != nullptr && record_->plan.upgrade && answering_;
  if (!opaque) return leave();
  request_ended_ = true;
  record_->origin_whole = record_->origin_bytes == record_->plan.request_bytes;
  finish_answer();
}

void SimOrigin::Serving::leave_when_written() {
  later(std::chrono::seconds(1), [this] { written() ? leave() : leave_when_written(); });
}

// Its memory goes when nothing of it runs any more.
void SimOrigin::Serving::leave() {
  close();
  later(Micros{0}, [this] { owner_.forget(*this); });
}

bool SimOrigin::Serving::on_head(const MessageHead& head) {
  uint32_t id = 0;
  const std::string_view number = head.value("X-Exchange");
  std::from_chars(number.data(), number.data() + number.size(), id);
  ExchangeRecord* const record = owner_.ledger_.find(id);
  if (record == nullptr) return true;
  if (record_ != nullptr) mark_wrong(*record_, "another request came before the answer was out");
  record_ = record;
  if (!head.start.starts_with(std::string(record->plan.method) + " /x/"))
    mark_wrong(*record, "another method or target");
  ++record->times_at_origin;
  record->origin_bytes = 0;
  record->origin_whole = request_ended_ = answering_ = answered_ = false;
  offset_ = since_pause_ = 0;
  if (record->plan.upgrade) reader_.go_opaque();
  if (record->plan.early || record->plan.upgrade) later(record->plan.think, [this] { begin_answer(); });
  return record->plan.request_bytes == 0 && record->plan.request_framing == Framing::kLength;
}

void SimOrigin::Serving::on_body(std::string_view bytes) {
  if (record_ == nullptr) return;
  if (!body_matches(record_->plan.id, 0, record_->origin_bytes, bytes))
    mark_wrong(*record_, "the request's body differs");
  record_->origin_bytes += bytes.size();
  if (record_->origin_bytes > record_->plan.request_bytes) mark_wrong(*record_, "more of a body than was sent");
}

void SimOrigin::Serving::on_message_end() {
  if (record_ == nullptr) return;
  request_ended_ = true;
  record_->origin_whole = record_->origin_bytes == record_->plan.request_bytes;
  if (!record_->origin_whole) mark_wrong(*record_, "a shorter body, as if it were whole");
  const bool trailers = record_->plan.request_framing == Framing::kTrailers;
  if (trailers && reader_.trailers().empty()) mark_wrong(*record_, "the request's trailers are lost");
  if (answered_) {
    finish_answer();
  } else if (!record_->plan.early) {
    later(record_->plan.think, [this] { begin_answer(); });
  }
}

void SimOrigin::Serving::begin_answer() {
  if (record_ == nullptr || answering_ || closed()) return;
  answering_ = true;
  write_head();
  go_on();
}

void SimOrigin::Serving::write_head() {
  const ExchangePlan& plan = record_->plan;
  std::string head;
  if (plan.interim) head += "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  head += plan.upgrade ? "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: sim\r\n"
                       : "HTTP/1.1 200 OK\r\n";
  head += "X-Exchange: " + std::to_string(plan.id) + "\r\n";
  if (!plan.upgrade) {
    if (plan.answer_framing == Framing::kLength) {
      head += "Content-Length: " + std::to_string(plan.answer_bytes) + "\r\n";
    } else if (plan.answer_framing == Framing::kClose) {
      head += "Connection: close\r\n";
    } else {
      head += "Transfer-Encoding: chunked\r\n";
    }
  }
  write(head + "\r\n");
}

// The next piece of the answer, when what was written before is out.
void SimOrigin::Serving::go_on() {
  if (record_ == nullptr || !answering_ || answered_ || pausing_ || !written() || closed()) return;
  const ExchangePlan& plan = record_->plan;
  if (plan.origin_breaks && offset_ >= plan.answer_bytes / 2) {
    close(true);
    return leave();
  }
  const size_t total = plan.method == "HEAD" ? 0 : plan.answer_bytes;
  if (offset_ == total) return finish_answer();
  if (plan.answer_piece != 0 && since_pause_ >= plan.answer_piece) {
    pausing_ = true;
    since_pause_ = 0;
    return later(plan.answer_pause, [this] {
      pausing_ = false;
      go_on();
    });
  }
  write_piece(std::min({kPiece, total - offset_, plan.answer_piece == 0 ? kPiece : plan.answer_piece - since_pause_}));
}

void SimOrigin::Serving::write_piece(size_t size) {
  const ExchangePlan& plan = record_->plan;
  const bool chunked =
      !plan.upgrade && plan.answer_framing != Framing::kLength && plan.answer_framing != Framing::kClose;
  char header[24] = "";
  if (chunked) std::snprintf(header, sizeof header, "%zx\r\n", size);
  write(header + body_piece(plan.id, 1, offset_, size) + (chunked ? "\r\n" : ""));
  offset_ += size;
  since_pause_ += size;
}

void SimOrigin::Serving::finish_answer() {
  const ExchangePlan& plan = record_->plan;
  if (offset_ < (plan.method == "HEAD" ? 0 : plan.answer_bytes)) return;
  const bool chunked = plan.answer_framing == Framing::kChunked || plan.answer_framing == Framing::kTrailers;
  if (!std::exchange(answered_, true)) {
    if (chunked && !plan.upgrade && plan.method != "HEAD") {
      write(plan.answer_framing == Framing::kTrailers ? "0\r\nX-End: yes\r\n\r\n" : "0\r\n\r\n");
    }
    if (plan.upgrade || plan.answer_framing == Framing::kClose) finish_writing();
  }
  if (!request_ended_) return;
  const bool last = plan.upgrade || plan.answer_framing == Framing::kClose;
  record_ = nullptr;
  if (last) leave_when_written();
}

SimOrigin::SimOrigin(Network& network, Host& host, uint16_t port, Ledger& ledger)
    : network_(network), host_(host), port_(port), ledger_(ledger) {}

SimOrigin::~SimOrigin() { stop(); }

void SimOrigin::start() {
  if (point_ != nullptr) return;
  point_ = host_.listen(port_);
  if (point_ != nullptr) point_->add_watcher(this);
}

void SimOrigin::stop() {
  connections_.clear();
  if (point_ == nullptr) return;
  point_->remove_watcher(this);
  host_.stop_listening(port_, point_);
  point_.reset();
}

void SimOrigin::close_idle() {
  std::erase_if(connections_, [](const std::unique_ptr<Serving>& each) { return each->idle(); });
}

void SimOrigin::on_socket_change() {
  while (std::shared_ptr<SimSocket> socket = point_->accept()) {
    connections_.push_back(std::make_unique<Serving>(*this, std::move(socket)));
  }
}

void SimOrigin::forget(Serving& serving) {
  std::erase_if(connections_, [&serving](const std::unique_ptr<Serving>& each) { return each.get() == &serving; });
}

}  // namespace ingress::sim
