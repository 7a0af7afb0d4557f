// Which machines a generation holds, told to another one on a stream that stays open: a line for each change,
// "+mach_1" where a tunnel takes the machine's streams, "-mach_1" where none does any more.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_set>

#include "broker/tunnel/recent_machines.h"
#include "common/base/byte_buffer.h"
#include "common/tunnel/session.h"

namespace ingress::broker {

// The end that tells: first all that there are, then what changes. What waits for credit is told as it is by then, so
// it is never more than there are machines.
class MachineFeed final : public tunnel::StreamHandler {
 public:
  // `recent` knows of each machine whether it is up, and outlives the feed.
  MachineFeed(tunnel::Stream& stream, const RecentMachines& recent);

  // Of a machine that came or went, it may be long ago.
  void tell(std::string_view machine);

 private:
  // The other end says nothing.
  void on_head(const http::ResponseHead&, bool) override {}
  void on_data(MutableBytes, bool) override {}
  void on_trailers(const http::Fields&) override {}
  void on_sendable() override { send(); }
  void on_closed(const Error&, tunnel::ResetCode) override { stream_ = nullptr; }

  void send();

  const RecentMachines& recent_;
  tunnel::Stream* stream_;
  std::unordered_set<std::string> due_;
  ByteBuffer lines_;
};

// The end that is told: lines out of pieces.
class MachineLines {
 public:
  // Whether each machine is up, by the last line that names it.
  using Changes = std::map<std::string, bool>;

  // False where that is no such feed.
  bool take(std::string_view piece, Changes& changes);

 private:
  std::string begun_;
};

}  // namespace ingress::broker
