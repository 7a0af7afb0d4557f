// One call of a URL that a policy names: its host is resolved, the addresses that may not be called are left out, and
// the request is sent to one of the others. Redirects are not followed. Owned by the WebCaller, and buried by it.
// Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/deadline.h"
#include "common/http/web_url.h"
#include "common/origin/origin_pool.h"
#include "common/origin/target_rule.h"
#include "common/uv/loop.h"
#include "common/uv/socket.h"

namespace ingress::broker {

struct WebRequest {
  std::string method = "GET";
  http::WebUrl url;
  // Beside Host, and Content-Length where there is a body.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  // What is kept of the answer's body: the call ends where there is more. Where it is 0 the
  // head alone is waited for: a body that comes along with it lets the connection be used again.
  size_t most_body_bytes = 0;
};

struct WebAnswer {
  int status = 0;  // 0: there was none
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  std::string problem;  // why there was none
  bool good() const { return status >= 200 && status < 300; }
};

class WebCall final : public uv::Buryable, private origin::ExchangeHandler, private DeadlineHandler {
 public:
  static constexpr Duration kTimeout{10000};  // of all of it
  // What a body that is not wanted has from its head on.
  static constexpr Duration kUnwantedBody{100};

  // Both outlive the call.
  struct Ways {
    uv::Loop& loop;
    origin::OriginPool& pool;
  };
  // Once, never from inside start(), and not after stop(); the call is to be buried in it.
  using OnDone = std::function<void(WebCall& call, WebAnswer answer)>;

  // `tls` outlives the call; null where the URL is not https.
  WebCall(const Ways& ways, WebRequest request, const tls::ClientContext* tls, OnDone on_done);
  ~WebCall() override;

  void start(const origin::TargetRule& rule);
  // Breaks it off, and `on_done` is not called: for who buries it.
  void stop();

 private:
  // origin::ExchangeHandler
  void on_head(const http::ResponseHead& head, bool end) override;
  void on_data(MutableBytes payload, bool end) override;
  void on_trailers(const http::Fields&) override {}
  size_t allowance() override { return kAllowance; }
  void on_sendable() override {}
  void on_failed(const Error& error) override;
  void on_complete() override;
  // DeadlineHandler
  void on_deadline(Deadline& deadline) override;

  static constexpr size_t kAllowance = size_t{16} * 1024;

  void resolved(const Result<std::vector<uv::Address>>& addresses, const origin::TargetRule& rule);
  void send(std::vector<uv::Address> addresses);
  void done(std::string problem);

  Ways ways_;
  WebRequest request_;
  const tls::ClientContext* tls_;
  OnDone on_done_;
  Deadline deadline_;
  std::unique_ptr<uv::Resolving> resolving_;
  std::unique_ptr<origin::Exchange> exchange_;
  WebAnswer answer_;
};

}  // namespace ingress::broker
