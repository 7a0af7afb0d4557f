// Calls the URLs that policies name: webhooks, servers that decide who comes in, key sets. One of each loop.
//
// Backpressure: at most kMostCalls at a time, and kMostOfOne of one host and port, which may be silent; one beyond is
// refused at once (its answer says so). Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "broker/calls/web_call.h"
#include "common/tls/tls_context.h"

namespace ingress::broker {

class WebCaller {
 public:
  static constexpr size_t kMostCalls = 1000;
  static constexpr size_t kMostOfOne = 100;
  using OnDone = std::function<void(WebAnswer answer)>;

  explicit WebCaller(uv::Loop& loop);
  ~WebCaller();  // breaks calls off
  WebCaller(const WebCaller&) = delete;
  WebCaller& operator=(const WebCaller&) = delete;

  // `on_done` once, never from inside begin(), and not after cancel().
  uint64_t begin(WebRequest request, const origin::TargetRule& rule, OnDone on_done);
  void cancel(uint64_t call);

 private:
  struct Begun {
    std::unique_ptr<WebCall> call;  // null where it was refused
    std::string server;             // its host and port
  };

  // Null where the system's CAs cannot be read.
  const tls::ClientContext* tls();
  // Why this one cannot begin, null where it can.
  const char* obstacle(const WebRequest& request, const std::string& server);
  void refuse(uint64_t id, std::string problem, OnDone on_done);
  // No longer under way; null where it is not, or was refused.
  std::unique_ptr<WebCall> take(uint64_t id);
  void over(uint64_t id, WebAnswer answer, const OnDone& on_done);

  uv::Loop& loop_;
  std::unique_ptr<tls::ClientContext> tls_;  // made for the first call that needs it
  origin::OriginPool pool_;
  std::unordered_map<uint64_t, Begun> calls_;
  std::unordered_map<std::string, size_t> under_way_;  // of each server
  size_t all_under_way_ = 0;
  uint64_t next_ = 1;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ingress::broker
