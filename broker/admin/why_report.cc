#include "broker/admin/why_report.h"

#include "broker/admin/json_object.h"
#include "common/base/error.h"
#include "common/base/names.h"

namespace ingress::broker::admin {
namespace {

constexpr std::array<std::string_view, kWhySteps> kStepNames = {"grammar", "route",   "policy", "certificate",
                                                                "dns",     "machine", "tunnel", "probe"};
constexpr std::array<std::string_view, 4> kStateNames = {"skipped", "ok", "warning", "failed"};

// The first name in quotes of a sentence.
std::string subject_of(std::string_view sentence) {
  const size_t begin = sentence.find('"');
  if (begin == std::string_view::npos) return "NAME";
  const size_t end = sentence.find('"', begin + 1);
  return std::string(sentence.substr(begin + 1, end == std::string_view::npos ? end : end - begin - 1));
}

struct Place {
  WhyStep step;
  std::string advice;
};

// The detail is "the time of route …" or "the time of machine …".
std::string advice_for_expired(std::string_view detail, const std::string& subject) {
  const bool machine = detail.find(" machine ") != std::string_view::npos;
  return "give it more time: ingressctl " + std::string(machine ? "machine set " : "route update ") + subject +
         " --ttl 1d";
}

// What cannot be a custom domain: names that the broker keeps, addresses, single labels.
std::string advice_for_no_route(std::string_view detail, const std::string& host) {
  const std::string route = "ingressctl route create " + host + " --project PROJECT";
  if (detail.ends_with("only a route can hold it") || address_form(host) || host.find('.') == std::string::npos) {
    return "make a route: " + route;
  }
  return "make a route (" + route + ") or a custom domain (ingressctl domain add " + host + " PROJECT)";
}

Place place_of(ErrorCode code, std::string_view detail, const std::string& host) {
  const std::string subject = subject_of(detail);
  switch (code) {
    case ErrorCode::kInvalidHost:
      return {WhyStep::kGrammar, "correct the name"};
    case ErrorCode::kInvalidPort:
      return {WhyStep::kGrammar,
              "use a port from 1 to 65535 or the name of a service (ingressctl service list PROJECT)"};
    case ErrorCode::kInvalidProjectSlug:
      return {WhyStep::kGrammar, "correct the name: a slug is 1 to 56 bytes of [a-z0-9-]"};
    case ErrorCode::kProjectNotFound:
      return {WhyStep::kRoute, "make it: ingressctl project create " + subject};
    case ErrorCode::kMachineNotFound:
      return {WhyStep::kRoute, "make it: ingressctl machine create " + subject};
    case ErrorCode::kServiceNotFound:
      return {WhyStep::kRoute, "make it: ingressctl service set PROJECT " + subject + " --port PORT"};
    case ErrorCode::kRouteExpired:
      return {WhyStep::kRoute, advice_for_expired(detail, subject)};
    case ErrorCode::kBadRequest:
      return {WhyStep::kGrammar, "ask for the path in its plain form, without . and .. and encoded slashes"};
    case ErrorCode::kForbidden:
      return {WhyStep::kRoute, "end the suspension: ingressctl project set " + subject + " --suspended false"};
    case ErrorCode::kMachineNotRoutable:
      if (detail.ends_with("is archived"))
        return {WhyStep::kMachine, "bring it back: ingressctl machine set " + subject + " --state active"};
      return {WhyStep::kMachine, "attach one: ingressctl machine attach " + subject + " MACHINE"};
    default:
      return {WhyStep::kRoute, advice_for_no_route(detail, host)};
  }
}

}  // namespace

std::string_view name_of(WhyStep step) { return kStepNames[static_cast<size_t>(step)]; }

void WhyReport::refused(const Refusal& refusal) {
  const Place place = place_of(refusal.error.code, refusal.detail, host_);
  if (place.step != WhyStep::kGrammar) good(WhyStep::kGrammar, "the name is well formed");
  if (place.step == WhyStep::kMachine) good(WhyStep::kRoute, "a route was found");
  fail(place.step, refusal.detail.empty() ? std::string(name_of(refusal.error.code)) : refusal.detail, place.advice);
}

void WhyReport::set_target(const Resolution& resolution) {
  JsonObject object;
  object.text("machine", resolution.machine);
  object.number("port", resolution.port);
  object.text_or_null("project", resolution.project);
  object.text_or_null("service", resolution.service);
  object.text_or_null("route", resolution.route_id);
  target_ = std::move(object).take();
}

std::optional<WhyStep> WhyReport::first_failure() const {
  for (size_t i = 0; i < kWhySteps; ++i) {
    if (findings_[i].state == WhyState::kFailed && static_cast<WhyStep>(i) != WhyStep::kDns) {
      return static_cast<WhyStep>(i);
    }
  }
  if (at(WhyStep::kDns).state == WhyState::kFailed) return WhyStep::kDns;
  return std::nullopt;
}

std::string WhyReport::json() const {
  const std::optional<WhyStep> failure = first_failure();
  JsonArray steps;
  for (size_t i = 0; i < kWhySteps; ++i) {
    const WhyFinding& finding = findings_[i];
    JsonObject object;
    object.text("step", kStepNames[i]);
    object.text("state", kStateNames[static_cast<size_t>(finding.state)]);
    if (finding.state == WhyState::kSkipped) {
      object.null("ok");
    } else {
      object.boolean("ok", finding.state != WhyState::kFailed);
    }
    object.text("detail", finding.detail);
    object.text("advice", finding.advice);
    steps.add(std::move(object).take());
  }
  JsonObject report;
  report.text("host", host_);
  report.boolean("ok", !failure);
  report.raw("target", target_);
  report.raw("steps", std::move(steps).take());
  if (failure) {
    JsonObject object;
    object.text("step", name_of(*failure));
    object.text("detail", at(*failure).detail);
    object.text("advice", at(*failure).advice);
    report.raw("problem", std::move(object).take());
  } else {
    report.null("problem");
  }
  return std::move(report).take();
}

namespace {

// The agent does not say which of its reasons it has.
std::string advice_for_denied(int port) {
  constexpr int kAgentsOwnPort = 8080;  // --listen, where nothing else is said
  const std::string number = std::to_string(port);
  const std::string own = port == kAgentsOwnPort ? "it is the agent's own port where nothing else is said: start the "
                                                   "agent with --listen off or another address"
                                                 : "if it is the agent's own port (--listen), give that another one or "
                                                   "say --listen off";
  return own + "; else take it out of --deny-port, or allow it with --allow-port " + number +
         ", which shuts every port that no --allow-port names";
}

}  // namespace

WhyFinding probe_failure(int port, tunnel::ResetCode code) {
  const std::string number = std::to_string(port);
  switch (code) {
    case tunnel::ResetCode::kConnectFailed:
      return {WhyState::kFailed, "nothing listens on port " + number + " in the machine (127.0.0.1 and [::1])",
              "start the server on port " + number + ", or use the port that it listens on"};
    case tunnel::ResetCode::kConnectTimeout:
    case tunnel::ResetCode::kOriginTimeout:
      return {WhyState::kFailed, "port " + number + " in the machine did not accept a connection in time",
              "look at the server on port " + number + ": it may be stopped or overloaded"};
    case tunnel::ResetCode::kPortDenied:
      return {WhyState::kFailed, "the agent does not serve port " + number, advice_for_denied(port)};
    case tunnel::ResetCode::kRefused:
      return {WhyState::kFailed, "the agent takes no more streams: it is stopping", "wait until the agent is back"};
    default:
      return {WhyState::kFailed, "the tunnel broke off while port " + number + " was probed",
              "try again; the agent's log says why tunnels end"};
  }
}

}  // namespace ingress::broker::admin
