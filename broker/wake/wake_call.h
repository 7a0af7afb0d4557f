// One call of a wake webhook: its host is resolved, the addresses that may not be called are left out, and the message
// is sent to one of the others. Redirects are not followed, and of the answer's body kMostBodyBytes are read and
// dropped. Owned by the Waker, and buried by it. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/wake/wake_message.h"
#include "common/base/deadline.h"
#include "common/http/web_url.h"
#include "common/origin/origin_pool.h"
#include "common/origin/target_rule.h"
#include "common/uv/loop.h"
#include "common/uv/socket.h"

namespace ingress::broker {

struct WakeOutcome {
  int status = 0;       // of the answer; 0: there was none
  std::string problem;  // why there was none
  bool woken() const { return status >= 200 && status < 300; }
};

class WakeCall final : public uv::Buryable, private origin::ExchangeHandler, private DeadlineHandler {
 public:
  static constexpr Duration kTimeout{10000};  // of all of it
  static constexpr size_t kMostBodyBytes = size_t{16} * 1024;

  // Both outlive the call.
  struct Ways {
    uv::Loop& loop;
    origin::OriginPool& pool;
  };
  // Once, never from inside start(); the call is to be buried in it.
  using OnDone = std::function<void(WakeCall& call, const WakeOutcome& outcome)>;

  // `tls` outlives the call; null where the URL is not https.
  WakeCall(const Ways& ways, http::WebUrl url, WakeMessage message, const tls::ClientContext* tls, OnDone on_done);
  ~WakeCall() override;

  void start(const origin::TargetRule& rule);
  Time started() const { return started_; }
  // For the log: without the path, which may be a secret.
  const std::string& authority() const { return url_.authority; }

 private:
  // origin::ExchangeHandler
  void on_head(const http::ResponseHead& head, bool end) override;
  void on_data(MutableBytes payload, bool end) override;
  void on_trailers(const http::Fields&) override {}
  size_t allowance() override { return kMostBodyBytes; }
  void on_sendable() override {}
  void on_failed(const Error& error) override;
  void on_complete() override;
  // DeadlineHandler
  void on_deadline(Deadline& deadline) override;

  void resolved(const Result<std::vector<uv::Address>>& addresses, const origin::TargetRule& rule);
  void send(std::vector<uv::Address> addresses);
  void done(std::string problem);

  Ways ways_;
  http::WebUrl url_;
  WakeMessage message_;
  const tls::ClientContext* tls_;
  OnDone on_done_;
  Deadline deadline_;
  Time started_;
  std::unique_ptr<uv::Resolving> resolving_;
  std::unique_ptr<origin::Exchange> exchange_;
  size_t body_bytes_ = 0;
  int status_ = 0;
};

}  // namespace ingress::broker
