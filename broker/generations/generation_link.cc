#include "broker/generations/generation_link.h"

#include <cassert>
#include <utility>

#include "common/base/log.h"
#include "proto/tunnel.pb.h"

namespace ingress::broker {
namespace {

constexpr uint32_t kVersion = 1;
constexpr Duration kLinger{1000};
// The first field of each OPEN: whom the stream is for. It is taken off here, and no client's field is mistaken for it.
constexpr std::string_view kMachineField = "Iterate-Machine";
// An OPEN of this method asks for the feed of machines.
constexpr std::string_view kFeedMethod = "MACHINES";
// One of this method has the id of a machine whose tunnels are to close as its target. It has no answer: it is refused,
// as by an end from before it.
constexpr std::string_view kDropMethod = "DROP";

constexpr Error kEnded{ErrorCode::kClosed, Side::kTunnel, false, 0, "the other generation closed the link"};
constexpr Error kDone{ErrorCode::kClosed, Side::kTunnel, false, 0, "the link is not needed any more"};
constexpr Error kNoFeed{ErrorCode::kProtocol, Side::kTunnel, false, 0, "the other generation's feed is malformed"};
constexpr Error kFeedEnded{ErrorCode::kClosed, Side::kTunnel, false, 0, "the other generation's feed ended"};

// It carries what many tunnels do.
tunnel::SessionLimits link_limits(tunnel::Role role) {
  tunnel::SessionLimits limits;
  limits.grants_late = role == tunnel::Role::kAgent;
  limits.max_streams = 1'000'000;
  limits.window_budget_bytes = 64 * 1024 * 1024;
  return limits;
}

}  // namespace

GenerationLink::GenerationLink(GenerationLinkOwner& owner, tunnel::Role role,
                               std::unique_ptr<transport::Connection> connection)
    : owner_(owner),
      connection_(std::move(connection)),
      sink_(*connection_),
      session_(role, *this, sink_, link_limits(role), connection_->loop().now()) {
  connection_->set_handler(this);
  connection_->start();
}

GenerationLink::~GenerationLink() { assert(closing_); }

void GenerationLink::tick() {
  if (!closing_) session_.tick(now());
}

void GenerationLink::close() { lose(kDone); }

void GenerationLink::lose(const Error& error) {
  if (!begin_closing()) return;
  session_.lost(error);
  connection_->close_after_flush(kLinger);
}

// Its machines are forgotten before its streams are told: who tries again does not come back to it.
bool GenerationLink::begin_closing() {
  if (std::exchange(closing_, true)) return false;
  owner_.on_no_more(*this);
  return true;
}

void GenerationLink::on_data(MutableBytes bytes) {
  if (!closing_) session_.receive(bytes, now());
}

void GenerationLink::on_end() { lose(kEnded); }

void GenerationLink::on_connection_room() {
  if (!closing_) session_.on_room();
}

void GenerationLink::on_closed(const Error& error) {
  if (begin_closing()) session_.lost(error);
  owner_.on_link_gone(*this);
}

void GenerationLink::on_failed(const Error& error) {
  log_warn("generation_link_failed", {{"error", describe(error)}});
  if (begin_closing()) connection_->close_after_flush(kLinger);
}

tunnel::Stream* OpeningLink::open(std::string_view machine, const tunnel::OpenHead& head, bool end,
                                  tunnel::StreamHandler* handler, Error& why) {
  open_.kind = head.kind;
  open_.port = head.port;
  open_.upgrade = head.upgrade;
  open_.connect_limit = head.connect_limit;
  open_.request.method = head.request.method;
  open_.request.target = head.request.target;
  open_.request.fields.clear();
  open_.request.fields.push_back({kMachineField, machine});
  open_.request.fields.insert(open_.request.fields.end(), head.request.fields.begin(), head.request.fields.end());
  return session().open(open_, end, handler, now(), why);
}

void OpeningLink::say_drop(const std::string& machine) {
  tunnel::OpenHead head;
  head.port = 1;
  head.request.method = kDropMethod;
  head.request.target = machine;
  Error why;
  session().open(head, true, &unheard_, now(), why);
}

void OpeningLink::on_hello(const tunnel::pb::Hello&) {
  session().send_welcome({});
  tunnel::OpenHead head;
  head.port = 1;
  head.request.method = kFeedMethod;
  head.request.target = "/";
  Error why;
  feed_ = session().open(head, true, &feed_reader_, now(), why);
}

void OpeningLink::on_goaway(const tunnel::pb::Goaway&) { owner().on_no_more(*this); }

void OpeningLink::take_lines(MutableBytes payload) {
  MachineLines::Changes changes;
  const bool good = lines_.take(as_text(payload), changes);
  feed_->consumed(payload.size());
  if (!good) return lose(kNoFeed);
  owner().on_machines(*this, std::move(changes));
}

void OpeningLink::feed_closed() {
  feed_ = nullptr;
  lose(kFeedEnded);
}

ServingLink::ServingLink(GenerationLinkOwner& owner, std::unique_ptr<transport::Connection> connection,
                         Carrier& carrier, const RecentMachines& recent)
    : GenerationLink(owner, tunnel::Role::kAgent, std::move(connection)),
      loop_(loop()),
      carrier_(carrier),
      recent_(recent) {
  tunnel::pb::Hello hello;
  hello.add_versions(kVersion);
  session().send_hello(hello);
}

ServingLink::~ServingLink() = default;

void ServingLink::tell(std::string_view machine) {
  if (feed_ != nullptr) feed_->tell(machine);
}

void ServingLink::drain() {
  if (!session().established()) return close();
  if (std::exchange(draining_, true)) return;
  session().send_goaway({});
  session().ping(now());
}

void ServingLink::on_pong(Duration) {
  if (!draining_ || std::exchange(drained_, true)) return;
  if (is_quiet()) owner().on_quiet(*this);
}

tunnel::StreamHandler* ServingLink::on_open(tunnel::Stream& stream, const tunnel::OpenHead& head, bool end) {
  if (head.request.method == kFeedMethod && feed_ == nullptr) {
    feed_ = std::make_unique<MachineFeed>(stream, recent_);
    return feed_.get();
  }
  if (head.request.method == kDropMethod && head.request.fields.empty()) {
    owner().on_drop(std::string(head.request.target));
    return nullptr;
  }
  const http::Fields& fields = head.request.fields;
  if (fields.empty() || fields.front().name != kMachineField) return nullptr;
  open_.kind = head.kind;
  open_.port = head.port;
  open_.upgrade = head.upgrade;
  open_.connect_limit = head.connect_limit;
  open_.request.method = head.request.method;
  open_.request.target = head.request.target;
  open_.request.fields.assign(fields.begin() + 1, fields.end());
  auto relay = std::make_unique<RelayedStream>(static_cast<RelayOwner&>(*this));
  tunnel::StreamHandler* const handler = relay->start(stream, carrier_, fields.front().value, open_, end);
  if (handler != nullptr) relays_.emplace(relay.get(), std::move(relay));
  return handler;
}

void ServingLink::on_relay_over(RelayedStream& relay) {
  const auto found = relays_.find(&relay);
  loop_.bury(std::move(found->second));
  relays_.erase(found);
  if (is_quiet()) owner().on_quiet(*this);
}

}  // namespace ingress::broker
