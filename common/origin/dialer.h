// Connects to a target: its addresses in turn, each that fails followed at once by the next, one that is silent by the
// next beside it (RFC 8305, 5), all within one time limit. The first one that accepts is it, and the others are given
// up. Private to common/origin.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "common/base/deadline.h"
#include "common/origin/origin_pool.h"
#include "common/uv/loop.h"
#include "common/uv/socket.h"

namespace ingress::origin {

class DialHandler {
 public:
  // Connected to the target's address number `index`. The last call.
  virtual void on_dialed(std::unique_ptr<uv::Socket> socket, size_t index) = 0;
  // kConnectFailed, kTimeout (an address did not answer at all) or kResolveFailed, side kOrigin, retryable; the context
  // names the failure. The last call.
  virtual void on_dial_failed(const Error& error) = 0;

 protected:
  ~DialHandler() = default;
};

// One attempt at a target. Never calls back from inside start(). To be buried, not deleted: its owner lets go of it in
// its callbacks.
class Dialer final : public uv::Buryable, private DeadlineHandler {
 public:
  // After so long without an answer the next address is tried, too: long enough that an origin that is there gets one
  // connection.
  static constexpr Duration kSilence{250};

  Dialer(uv::Loop& loop, DialHandler& handler);

  // Begins with the address number `first`. Where every address refuses, all are tried again until `refused_wait` is
  // over.
  void start(const Target& target, size_t first, Duration timeout, Duration refused_wait = Duration{0});
  // No further call.
  void cancel();

 private:
  void on_deadline(Deadline& deadline) override;
  void resolved(Result<std::vector<uv::Address>> addresses);
  void try_all();
  void try_next();
  void tried(size_t index, Result<std::unique_ptr<uv::Socket>> socket);
  void note(size_t index, const Error& error);
  void give_up();
  void fail_with(ErrorCode code, const char* context);
  void try_again_or_fail();
  void fail_with_last_error();

  uv::Loop& loop_;
  DialHandler* handler_;
  Deadline deadline_;
  Time give_up_at_{};
  Time patient_until_{};
  std::vector<uv::Address> addresses_;
  std::unique_ptr<uv::Resolving> resolving_;
  std::vector<std::unique_ptr<uv::Connecting>> attempts_;  // by address; null where none is under way
  size_t first_ = 0;
  size_t begun_ = 0;      // addresses that were tried, or are
  size_t under_way_ = 0;  // of them
  int last_errno_ = 0;
  bool pausing_ = false;    // until all are tried again
  bool timed_out_ = false;  // an address did not answer at all
  bool refused_ipv4_ = false;
  bool refused_ipv6_ = false;
  bool local_only_ = true;  // every address is a loopback one
};

}  // namespace ingress::origin
