#include "tests/sim/sim_client.h"

#include <algorithm>
#include <utility>

#include "tests/sim/broker_node.h"
#include "tests/sim/message_reader.h"
#include "tests/sim/stream_actor.h"

namespace ingress::sim {

// One connection.
class SimClient::Talking final : public StreamActor, private MessageEvents {
 public:
  Talking(SimClient& owner, std::shared_ptr<SimSocket> socket)
      : StreamActor(owner.network_, std::move(socket)), owner_(owner), reader_(*this, true) {}

  bool used() const { return used_; }
  void send(ExchangeRecord& record);

 private:
  static constexpr size_t kPiece = 8192;

  // StreamActor
  void on_bytes(std::string_view bytes) override;
  void on_end() override;
  void on_broken() override;
  void on_written() override { go_on(); }
  // MessageEvents
  bool on_head(const MessageHead& head) override;
  void on_body(std::string_view bytes) override;
  void on_message_end() override;

  void go_on();
  void end_body();
  void answer_bytes(std::string_view bytes);
  void finish(Outcome outcome, bool goes_on);

  SimClient& owner_;
  MessageReader reader_;
  ExchangeRecord* record_ = nullptr;  // under way
  std::string error_body_;
  bool used_ = false;
  bool body_ended_ = false;
  bool opened_ = false;  // the 101 came
  bool closes_ = false;  // the broker said so
};

void SimClient::Talking::send(ExchangeRecord& record) {
  used_ = true;
  record_ = &record;
  body_ended_ = opened_ = closes_ = false;
  error_body_.clear();
  const ExchangePlan& plan = record.plan;
  record.sent_at = network().events().now();
  std::string head(plan.method);
  head += " /x/" + std::to_string(plan.id) + " HTTP/1.1\r\nHost: 3000__" + machine_id(plan.machine) +
          ".machines.iterate.app\r\n";
  head += "X-Exchange: " + std::to_string(plan.id) + "\r\n";
  if (plan.upgrade) head += "Connection: upgrade\r\nUpgrade: sim\r\n";
  if (!plan.upgrade && plan.request_framing != Framing::kLength) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (!plan.upgrade && plan.request_bytes > 0) {
    head += "Content-Length: " + std::to_string(plan.request_bytes) + "\r\n";
  }
  set_pace(plan.read_piece, plan.read_pause);
  write(head + "\r\n");
}

// The next piece of the body, when what was written before is out.
void SimClient::Talking::go_on() {
  if (record_ == nullptr || body_ended_ || !written() || (record_->plan.upgrade && !opened_)) return;
  const ExchangePlan& plan = record_->plan;
  const size_t size = std::min(kPiece, plan.request_bytes - record_->sent_bytes);
  if (size == 0) return end_body();
  const bool chunked = !plan.upgrade && plan.request_framing != Framing::kLength;
  char header[24] = "";
  if (chunked) std::snprintf(header, sizeof header, "%zx\r\n", size);
  const size_t offset = std::exchange(record_->sent_bytes, record_->sent_bytes + size);
  write(header + body_piece(plan.id, 0, offset, size) + (chunked ? "\r\n" : ""));
}

void SimClient::Talking::end_body() {
  body_ended_ = true;
  if (record_->plan.upgrade) return finish_writing();
  if (record_->plan.request_framing == Framing::kChunked) write("0\r\n\r\n");
  if (record_->plan.request_framing == Framing::kTrailers) write("0\r\nX-Sum: 1\r\n\r\n");
}

void SimClient::Talking::on_bytes(std::string_view bytes) {
  ExchangeRecord* const record = record_;
  if (record == nullptr) {
    mark_wrong(*owner_.exchanges_.at(owner_.next_ == 0 ? 0 : owner_.next_ - 1), "bytes that nobody asked for");
    return close();
  }
  if (reader_.read(bytes)) return;
  mark_wrong(*record, "the client got what is no HTTP/1.1");
  finish(Outcome::kCut, false);
}

bool SimClient::Talking::on_head(const MessageHead& head) {
  const int status = head.status();
  if (record_ == nullptr) return true;
  if (status == 101 && record_->plan.upgrade) {
    opened_ = true;
    reader_.go_opaque();
    go_on();
  } else if (status < 200) {
    return false;
  }
  if (++record_->answers > 1) mark_wrong(*record_, "two answers");
  record_->status = status;
  closes_ = head.value("Connection") == "close";
  const bool own = status == 200 || status == 101;
  if (own && head.value("X-Exchange") != std::to_string(record_->plan.id))
    mark_wrong(*record_, "the answer to another request");
  return record_->plan.method == "HEAD";
}

void SimClient::Talking::on_body(std::string_view bytes) {
  if (record_ == nullptr) return;
  const bool own = record_->status == 200 || record_->status == 101;
  if (!own) {
    error_body_ += bytes;
    return;
  }
  answer_bytes(bytes);
}

void SimClient::Talking::answer_bytes(std::string_view bytes) {
  if (!body_matches(record_->plan.id, 1, record_->answer_bytes, bytes))
    mark_wrong(*record_, "the answer's body differs");
  record_->answer_bytes += bytes.size();
  if (record_->answer_bytes > record_->plan.answer_bytes)
    mark_wrong(*record_, "more of an answer than the origin sent");
  if (record_->plan.leaves && record_->answer_bytes >= record_->plan.answer_bytes / 2) finish(Outcome::kLeft, false);
}

void SimClient::Talking::on_message_end() {
  if (record_ == nullptr) return;
  if (const size_t at = error_body_.find("\"error\":\""); at != std::string::npos) {
    record_->code = error_body_.substr(at + 9, error_body_.find('"', at + 9) - at - 9);
  }
  const bool trailers =
      record_->status == 200 && record_->plan.answer_framing == Framing::kTrailers && record_->plan.method != "HEAD";
  if (trailers && reader_.trailers().empty()) mark_wrong(*record_, "the answer's trailers are lost");
  // A broker that is given the rest of a body behind its answer closes the connection.
  finish(Outcome::kAnswered, body_ended_ && written() && !closes_ && !record_->plan.early);
}

void SimClient::Talking::on_end() {
  const bool whole = reader_.end();
  if (record_ == nullptr) return owner_.drop();
  const bool opaque = opened_ && record_->answer_bytes == record_->plan.answer_bytes;
  finish(whole && opaque ? Outcome::kAnswered : Outcome::kCut, false);
}

void SimClient::Talking::on_broken() {
  if (record_ == nullptr) return owner_.drop();
  finish(Outcome::kCut, false);
}

void SimClient::Talking::finish(Outcome outcome, bool goes_on) {
  if (record_ == nullptr) return;
  record_ = nullptr;
  if (!goes_on) close(outcome == Outcome::kLeft);
  owner_.over(outcome, goes_on);
}

SimClient::SimClient(Network& network, Host& host, std::vector<ExchangeRecord*> exchanges,
                     std::function<void(ExchangeRecord&)> on_over)
    : network_(network), host_(host), exchanges_(std::move(exchanges)), on_over_(std::move(on_over)) {}

SimClient::~SimClient() = default;

void SimClient::start() { send_next(); }

void SimClient::send_next() {
  if (next_ == exchanges_.size()) {
    connection_.reset();
    return;
  }
  ExchangeRecord& record = *exchanges_[next_];
  if (connection_ == nullptr) {
    connection_ = std::make_unique<Talking>(*this, network_.connect(host_, {kBrokerIp, kHttpPort}));
  }
  record.first_on_connection = !connection_->used();
  record.behind_slow_reading = connection_->used() && exchanges_[next_ - 1]->plan.read_pause.count() > 0;
  ++next_;
  connection_->send(record);
}

void SimClient::over(Outcome outcome, bool goes_on) {
  ExchangeRecord& record = *exchanges_[next_ - 1];
  record.outcome = outcome;
  record.over_at = network_.events().now();
  on_over_(record);
  // Not from inside the connection's own call.
  network_.events().after(Micros{10}, [this, goes_on] {
    if (!goes_on) connection_.reset();
    send_next();
  });
}

// The broker closed the connection between two requests.
void SimClient::drop() { connection_.reset(); }

}  // namespace ingress::sim
