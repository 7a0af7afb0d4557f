#include "broker/ticket_key_source.h"

#include <new>
#include <utility>

#include "common/base/log.h"
#include "common/uv/inherited_fds.h"

namespace ingress::broker {

Result<std::unique_ptr<TicketKeySource>> TicketKeySource::make(uv::Loop& loop) {
  Result<uv::SharedMemory> memory = uv::SharedMemory::create(sizeof(tls::TicketKeyMemory));
  if (!memory) return tl::unexpected(memory.error());
  std::unique_ptr<TicketKeySource> made(new TicketKeySource(std::move(*memory)));
  made->begin(loop);
  return made;
}

void TicketKeySource::begin(uv::Loop& loop) {
  auto* const keys = new (memory_.data()) tls::TicketKeyMemory;
  maker_.emplace(*keys, loop.now());
  timer_ = std::make_unique<uv::Timer>(loop, [this, &loop] { maker_->tick(loop.now()); });
  timer_->start(tls::TicketKeyMaker::kTick, tls::TicketKeyMaker::kTick);
  timer_->unref();
}

Result<std::unique_ptr<TicketKeySource>> TicketKeySource::inherit_or_make(uv::Loop& loop) {
  std::vector<uv::OwnedFd> inherited = uv::take_inherited_fds(kVariable);
  if (inherited.size() != 1) return make(loop);
  Result<uv::SharedMemory> memory = uv::SharedMemory::map(std::move(inherited.front()), sizeof(tls::TicketKeyMemory));
  if (memory) {
    std::unique_ptr<TicketKeySource> source(new TicketKeySource(std::move(*memory)));
    if (source->keys().readable()) return source;
  }
  log_warn("ticket_keys_not_shared", {{"reason", "those of the supervisor are of another version"}});
  return make(loop);
}

}  // namespace ingress::broker
