#include "broker/generations/generations.h"

#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "common/tls/tls_session.h"
#include "common/uv/local_door.h"

namespace ingress::broker {
namespace {

constexpr Duration kTick{1000};
constexpr Error kNowhere{ErrorCode::kMachineUnavailable, Side::kTunnel, true, 0,
                         "no process has a tunnel of the machine"};

}  // namespace

Generations::Generations(uv::Loop& loop, Carrier& carrier, RecentMachines& recent, OnUp on_up, OnDrop on_drop)
    : loop_(loop),
      carrier_(carrier),
      recent_(recent),
      on_up_(std::move(on_up)),
      on_drop_(std::move(on_drop)),
      ticker_(loop, [this] { tick(); }),
      quiet_timer_(loop, [this] { close_links(); }) {}

Generations::~Generations() {
  for (const auto& [link, owned] : links_) link->close();
}

void Generations::begin(std::vector<uv::OwnedFd> inherited) {
  if (inherited.size() < 2 || inherited.size() % 2 != 0) return;
  if (!listen(std::move(inherited[0]), Direction::kServes) || !listen(std::move(inherited[1]), Direction::kOpens)) {
    return log_warn("generations_not_linked", {{"reason", "the doors can't be listened at"}});
  }
  ticker_.start(kTick, kTick);
  ticker_.unref();
  // Who comes to an older process's door is what that one is not.
  for (size_t i = 2; i < inherited.size(); ++i) {
    add(std::move(inherited[i]), i % 2 == 0 ? Direction::kOpens : Direction::kServes);
  }
}

bool Generations::listen(uv::OwnedFd door, Direction direction) {
  Result<std::unique_ptr<uv::Listener>> listener = uv::Listener::adopt(
      loop_, std::move(door),
      [this, direction](std::unique_ptr<uv::Socket> socket) { accept(std::move(socket), direction); });
  if (listener) doors_.push_back(std::move(*listener));
  return listener.has_value();
}

// The name of a door can be found out by any process of this machine.
void Generations::accept(std::unique_ptr<uv::Socket> accepted, Direction direction) {
  uv::OwnedFd connection = accepted->release();
  if (uv::is_connected_by_parent(connection)) return add(std::move(connection), direction);
  log_warn("generation_link_refused", {{"reason", "it was not made by the supervisor"}});
}

void Generations::add(uv::OwnedFd connection, Direction direction) {
  Result<std::unique_ptr<uv::Socket>> socket = uv::Socket::adopt(loop_, std::move(connection));
  if (!socket) return;
  auto carried = std::make_unique<transport::Connection>(loop_, std::move(*socket), nullptr, Side::kTunnel);
  GenerationLinkOwner& owner = *this;
  std::unique_ptr<GenerationLink> link;
  if (direction == Direction::kOpens) {
    link = std::make_unique<OpeningLink>(owner, std::move(carried));
  } else {
    watched_ = true;
    auto serving = std::make_unique<ServingLink>(owner, std::move(carried), carrier_, recent_);
    serving_.push_back(serving.get());
    link = std::move(serving);
  }
  GenerationLink* const key = link.get();
  links_.emplace(key, std::move(link));
}

void Generations::machine_changed(std::string_view machine) {
  if (!watched_) return;
  loop_.post([this, machine = std::string(machine)] {
    for (ServingLink* link : serving_) link->tell(machine);
  });
}

void Generations::drop_machine(std::string_view machine) {
  loop_.post([this, machine = std::string(machine)] {
    for (const auto& [link, owned] : links_) link->say_drop(machine);
  });
}

// Not from inside the session that tells it.
void Generations::on_drop(std::string machine) {
  loop_.defer([this, machine = std::move(machine)] { on_drop_(machine); });
}

size_t Generations::drain() {
  size_t running = 0;
  for (ServingLink* link : std::vector<ServingLink*>(serving_)) {
    running += link->running();
    link->drain();
  }
  return running;
}

void Generations::close(std::function<void()> done) {
  doors_.clear();
  if (links_.empty()) return done();
  on_closed_ = std::move(done);
  drain();
  quiet_timer_.start(kQuietTime);
  for (ServingLink* link : serving_) {
    if (link->is_quiet()) return on_quiet(*link);
  }
  if (serving_.empty()) close_links();
}

void Generations::on_quiet(GenerationLink&) {
  const bool all =
      std::all_of(serving_.begin(), serving_.end(), [](const ServingLink* link) { return link->is_quiet(); });
  // Not from inside the session that tells it.
  if (on_closed_ != nullptr && all) quiet_timer_.start(Duration{0});
}

void Generations::close_links() {
  quiet_timer_.stop();
  for (const auto& [link, owned] : links_) link->close();
}

bool Generations::hold(std::string_view machine) const {
  const std::lock_guard lock(mutex_);
  return holders_.contains(machine);
}

tunnel::Stream* Generations::open(std::string_view machine, const tunnel::OpenHead& head, bool end,
                                  tunnel::StreamHandler* handler, Error& why) {
  const auto found = holders_.find(machine);
  if (found == holders_.end()) {
    why = kNowhere;
    return nullptr;
  }
  return found->second.back()->open(machine, head, end, handler, why);
}

void Generations::on_machines(GenerationLink& link, MachineLines::Changes changes) {
  auto* const from = static_cast<OpeningLink*>(&link);
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [machine, is_up] : changes) {
      is_up ? add_holder(machine, from) : remove_holder(machine, from);
    }
  }
  std::vector<std::string> up;
  for (const auto& [machine, is_up] : changes) {
    if (is_up) {
      up.push_back(machine);
    } else {
      recent_.went_elsewhere(machine, loop_.now());
    }
  }
  if (up.empty()) return;
  // Not from inside the session that tells it.
  loop_.defer([this, up = std::move(up)] { on_up_(up); });
}

void Generations::add_holder(const std::string& machine, OpeningLink* link) {
  std::vector<OpeningLink*>& holders = holders_[machine];
  if (std::find(holders.begin(), holders.end(), link) == holders.end()) holders.push_back(link);
}

void Generations::remove_holder(const std::string& machine, const OpeningLink* link) {
  const auto found = holders_.find(machine);
  if (found == holders_.end()) return;
  std::erase(found->second, link);
  if (found->second.empty()) holders_.erase(found);
}

void Generations::forget_machines(const GenerationLink& link) {
  std::vector<std::string> gone;
  {
    const std::lock_guard lock(mutex_);
    for (auto each = holders_.begin(); each != holders_.end();) {
      const bool held = std::erase(each->second, &link) != 0;
      if (held) gone.push_back(each->first);
      each = each->second.empty() ? holders_.erase(each) : std::next(each);
    }
  }
  for (const std::string& machine : gone) recent_.went_elsewhere(machine, loop_.now());
}

void Generations::on_link_gone(GenerationLink& link) {
  forget_machines(link);
  std::erase(serving_, &link);
  const auto found = links_.find(&link);
  loop_.bury(std::move(found->second));
  links_.erase(found);
  if (links_.empty() && on_closed_ != nullptr) std::exchange(on_closed_, nullptr)();
}

void Generations::tick() {
  for (const auto& [link, owned] : links_) link->tick();
}

}  // namespace ingress::broker
