// The keys of TLS session tickets of this broker: made and rotated by one process, and read by all loops of all
// generations of it, so that sessions survive an upgrade. Thread: the main one.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "common/tls/ticket_keys.h"
#include "common/uv/loop.h"
#include "common/uv/shared_memory.h"
#include "common/uv/timer.h"

namespace ingress::broker {

class TicketKeySource {
 public:
  // Names the descriptor by which a supervisor's child inherits the keys.
  static constexpr const char* kVariable = "INGRESS_TICKET_KEYS_FD";

  // Makes keys and rotates them, on `loop`. An error where there is no memory that can be shared.
  static Result<std::unique_ptr<TicketKeySource>> make(uv::Loop& loop);
  // Those of the supervisor that started this process; made here where there is none, or one whose keys this version
  // can't read.
  static Result<std::unique_ptr<TicketKeySource>> inherit_or_make(uv::Loop& loop);

  const tls::TicketKeyMemory& keys() const { return *static_cast<const tls::TicketKeyMemory*>(memory_.data()); }
  // For a child, under kVariable.
  int fd() const { return memory_.fd(); }

 private:
  explicit TicketKeySource(uv::SharedMemory memory) : memory_(std::move(memory)) {}
  void begin(uv::Loop& loop);

  uv::SharedMemory memory_;
  std::optional<tls::TicketKeyMaker> maker_;  // where they are made here
  std::unique_ptr<uv::Timer> timer_;
};

}  // namespace ingress::broker
