#include "tests/sim/invariants.h"

#include <algorithm>

namespace ingress::sim {
namespace {

using std::chrono::seconds;

// Within this time an agent has followed its broker's GOAWAY.
constexpr Micros kMoves = seconds(5);

// What happened to a request's surroundings while it ran.
struct Hurt {
  int tunnel = 0;  // its machine's tunnels
  int broker = 0;  // processes of the broker
  int client = 0;  // its own connection
  int origin = 0;  // its origin
  int moved = 0;   // upgrades of the broker that its agent had time to follow
  bool any() const { return tunnel + broker + client + origin > 0; }
};

void count(Hurt& hurt, Fault fault) {
  switch (fault) {
    case Fault::kBrokerKilled:
      ++hurt.client;
      ++hurt.broker;
      break;
    case Fault::kBrokerUpgraded:
    case Fault::kBrokerRestarts:
      ++hurt.broker;
      break;
    case Fault::kClientsCut:
      ++hurt.client;
      break;
    case Fault::kAgentVanishes:
      ++hurt.tunnel;
      ++hurt.origin;
      break;
    case Fault::kOriginRestarts:
    case Fault::kOriginIdles:
      ++hurt.origin;
      break;
    default:
      ++hurt.tunnel;
      break;
  }
}

Hurt hurt_of(const RunPlan& plan, const ExchangeRecord& record) {
  Hurt hurt;
  for (const PlannedFault& fault : plan.faults) {
    if (fault.machine >= 0 && fault.machine != record.plan.machine) continue;
    const Micros begin = EventQueue::kStart + fault.at;
    const Micros end = begin + fault.lasts + fault.margin;
    if (record.over_at < begin || record.sent_at > end) continue;
    count(hurt, fault.fault);
    // A new connection came to the new broker.
    const bool of_new = record.first_on_connection && record.sent_at > begin;
    if (fault.fault == Fault::kBrokerUpgraded && of_new && record.over_at > begin + kMoves) ++hurt.moved;
  }
  return hurt;
}

bool is_safe(std::string_view method) { return method != "POST" && method != "PUT"; }

std::string judge_good(const ExchangeRecord& record, const Hurt& hurt) {
  const ExchangePlan& plan = record.plan;
  const size_t expected = plan.method == "HEAD" ? 0 : plan.answer_bytes;
  // An answer that its connection's end ends looks whole where its origin dies in order.
  const bool may_be_short = plan.answer_framing == Framing::kClose && hurt.origin > 0;
  if (record.answer_bytes != expected && !may_be_short) return "an answer that looks whole is not";
  if (record.times_at_origin == 0) return "an answer without its origin";
  if (!plan.early && !plan.upgrade && !record.origin_whole) return "answered without the whole request";
  return {};
}

std::string judge_error(const RunPlan& plan, const ExchangeRecord& record, const Hurt& hurt) {
  // The answer to HEAD has no body to say the code in.
  const auto is = [&record](int status, std::string_view code) {
    return record.status == status && (record.code == code || record.plan.method == "HEAD");
  };
  if (is(502, "proxy_error") || is(504, "origin_timeout")) {
    if (hurt.origin > 0 || record.plan.origin_breaks) return {};
    // Each fault can break a stream on each of the machine's tunnels; four attempts are made.
    const int breaks = (hurt.tunnel + hurt.broker) * (plan.connections + 1);
    if (!is_safe(record.plan.method) || record.plan.interim) return breaks > 0 ? "" : "502 though nothing broke";
    return breaks >= 4 ? "" : "502 though the request may be sent again";
  }
  if (is(503, "machine_unavailable")) {
    if (hurt.tunnel + hurt.broker == hurt.moved) return "503 though its machine was there";
    if (record.over_at - record.sent_at < Micros(plan.park)) return "503 before the time of parking was over";
    return record.up_when_over ? "503 though its machine is back" : "";
  }
  return "a status that no rule allows";
}

std::string judge_cut(const ExchangeRecord& record, const Hurt& hurt) {
  if (record.plan.origin_breaks && record.answers > 0) return {};
  if (hurt.client > 0) return {};
  if (record.answers > 0 && hurt.any()) return {};
  // To a broker that drains, the connection was idle for longer than it waits for another request.
  if (record.behind_slow_reading && hurt.broker > 0) return {};
  return "cut off";
}

}  // namespace

std::string judge(const RunPlan& plan, const ExchangeRecord& record, Micros now) {
  if (!record.wrong.empty()) return record.wrong;
  if (record.plan.method == "POST" && record.times_at_origin > 1) return "a POST came twice to its origin";
  if (record.sent_at.count() == 0) return "never sent";
  if (record.outcome == Outcome::kNone) {
    return "no answer in " + std::to_string(std::chrono::duration_cast<seconds>(now - record.sent_at).count()) + " s";
  }
  const Hurt hurt = hurt_of(plan, record);
  switch (record.outcome) {
    case Outcome::kAnswered:
      if (record.status == 200 || record.status == 101) return judge_good(record, hurt);
      return judge_error(plan, record, hurt);
    case Outcome::kLeft:
      return record.plan.leaves ? "" : "left unplanned";
    case Outcome::kCut:
    case Outcome::kRefused:
      return judge_cut(record, hurt);
    case Outcome::kNone:
      break;
  }
  return {};
}

std::string describe(const ExchangeRecord& record) {
  static constexpr std::string_view kOutcomes[] = {"open", "answered", "cut", "left", "refused"};
  const ExchangePlan& plan = record.plan;
  const auto since = [](Micros at) {
    return at.count() == 0 ? std::string("never") : std::to_string((at - EventQueue::kStart).count() / 1000) + " ms";
  };
  std::string text = "exchange " + std::to_string(plan.id) + " " + std::string(plan.method) + " machine " +
                     std::to_string(plan.machine) + " " + std::string(kOutcomes[static_cast<size_t>(record.outcome)]) +
                     " " + std::to_string(record.status) + " " + record.code + " sent " + since(record.sent_at) +
                     " over " + since(record.over_at);
  text += "; request " + std::to_string(record.sent_bytes) + "/" + std::to_string(plan.request_bytes) + " at origin " +
          std::to_string(record.times_at_origin) + "x " + std::to_string(record.origin_bytes) + "; answer " +
          std::to_string(record.answer_bytes) + "/" + std::to_string(plan.answer_bytes);
  for (const auto& [flag, name] :
       {std::pair(plan.upgrade, " upgrade"), std::pair(plan.early, " early"), std::pair(plan.interim, " interim"),
        std::pair(plan.leaves, " leaves"), std::pair(plan.origin_breaks, " origin-breaks"),
        std::pair(!record.first_on_connection, " kept")}) {
    if (flag) text += name;
  }
  return text;
}

}  // namespace ingress::sim
