// What `why HOST` found, step by step in the order of a request's way, and the first thing that is wrong. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "broker/routing/route_index.h"
#include "common/tunnel/reset_code.h"

namespace ingress::broker::admin {

enum class WhyStep : uint8_t { kGrammar, kRoute, kPolicy, kCertificate, kDns, kMachine, kTunnel, kProbe };
inline constexpr size_t kWhySteps = 8;

// kSkipped: an earlier step gave nothing to look at. kWarning: worth a look, but requests get through.
enum class WhyState : uint8_t { kSkipped, kGood, kWarning, kFailed };

struct WhyFinding {
  WhyState state = WhyState::kSkipped;
  std::string detail;
  std::string advice;  // what to do, "" where nothing is to be done
};

class WhyReport {
 public:
  explicit WhyReport(std::string host) : host_(std::move(host)) {}

  WhyFinding& at(WhyStep step) { return findings_[static_cast<size_t>(step)]; }
  const WhyFinding& at(WhyStep step) const { return findings_[static_cast<size_t>(step)]; }
  void good(WhyStep step, std::string detail) { at(step) = {WhyState::kGood, std::move(detail), {}}; }
  void warn(WhyStep step, std::string detail, std::string advice) {
    at(step) = {WhyState::kWarning, std::move(detail), std::move(advice)};
  }
  void fail(WhyStep step, std::string detail, std::string advice) {
    at(step) = {WhyState::kFailed, std::move(detail), std::move(advice)};
  }
  // Puts a refusal of the route table where it belongs.
  void refused(const Refusal& refusal);

  void set_target(const Resolution& resolution);
  // The first step that failed; DNS only where nothing else did, since a name that is not public yet hides no cause.
  std::optional<WhyStep> first_failure() const;
  std::string json() const;

 private:
  std::string host_;
  std::string target_ = "null";
  std::array<WhyFinding, kWhySteps> findings_;
};

std::string_view name_of(WhyStep step);
// What a probe's end means, beside a HEAD: the machine's agent said why.
WhyFinding probe_failure(int port, tunnel::ResetCode code);

}  // namespace ingress::broker::admin
