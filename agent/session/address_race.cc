#include "agent/session/address_race.h"

#include <algorithm>
#include <utility>

namespace ingress::agent {

AddressRace::AddressRace(uv::Loop& loop, std::vector<uv::Address> addresses, AddressRaceOwner& owner)
    : loop_(loop), owner_(owner), left_(addresses.begin(), addresses.end()), deadline_(loop.deadlines(), *this) {}

AddressRace::~AddressRace() = default;

void AddressRace::go_on() { begin(left_); }

void AddressRace::begin(std::deque<uv::Address>& from) {
  begun_.push_back(std::move(from.front()));
  from.pop_front();
  const auto runner = runners_.insert(runners_.end(), Runner{begun_.back(), nullptr});
  const auto done = [this, runner](Result<std::unique_ptr<uv::Socket>> connected) {
    on_connected(runner, std::move(connected));
  };
  runner->connecting = uv::Connecting::connect(loop_, runner->address, done);
  if (left_.empty() && failed_.empty()) return deadline_.cancel();
  deadline_.arm(loop_.now() + kNextAddress);
}

void AddressRace::on_connected(Runners::iterator runner, Result<std::unique_ptr<uv::Socket>> connected) {
  const Runner done = std::move(*runner);
  runners_.erase(runner);
  if (connected) {
    deadline_.cancel();
    for (Runner& overtaken : runners_) left_.push_back(std::move(overtaken.address));
    runners_.clear();
    failed_.clear();
    return owner_.on_reached(done.address, std::move(*connected));
  }
  failed_.push_back(done.address);
  if (has_next()) {
    go_on();
  } else if (running()) {
    deadline_.arm(loop_.now() + again_after_);
    again_after_ = std::min(again_after_ * 2, kMostAgain);
  } else {
    deadline_.cancel();
  }
  const bool none = !running();
  owner_.on_unreached(done.address, connected.error());
  if (none) owner_.on_none_reached();
}

void AddressRace::on_deadline(Deadline&) { begin(has_next() ? left_ : failed_); }

}  // namespace ingress::agent
