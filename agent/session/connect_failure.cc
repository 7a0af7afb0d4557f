#include "agent/session/connect_failure.h"

#include "common/base/log.h"

namespace ingress::agent {
namespace {

bool is_refusal(int status) { return status >= 100 && (status < 200 || status > 299); }

}  // namespace

std::string sentence_of(const ConnectFailure& failure, const TunnelConfig& config) {
  const bool by_proxy = config.proxy && failure.stage <= ConnectStage::kProxy;
  std::string sentence;
  if (by_proxy) sentence.append("by the proxy ").append(config.proxy->authority()).append(": ");
  if (failure.stage == ConnectStage::kResolving) {
    sentence.append("the name ").append(by_proxy ? config.proxy->host : config.broker.host).append(": ");
  }
  if (by_proxy && failure.stage == ConnectStage::kProxy && is_refusal(failure.proxy_status)) {
    sentence.append("it answered ").append(std::to_string(failure.proxy_status)).append(": ");
  }
  return sentence + describe(failure.error);
}

}  // namespace ingress::agent
