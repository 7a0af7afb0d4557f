#include "tests/sim/run_plan.h"

#include <algorithm>

#include "tests/sim/random.h"

namespace ingress::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Micros kFirstClient = seconds(2);
constexpr Micros kFirstFault = seconds(4);
constexpr Micros kLastFault = seconds(12);

LinkQuality link_quality(Random& random) {
  LinkQuality quality;
  quality.least_latency = Micros{random.between(50, 2000)};
  quality.most_latency = quality.least_latency + Micros{random.between(0, random.chance(20) ? 80000 : 3000)};
  quality.most_piece = random.chance(30) ? static_cast<size_t>(random.between(700, 3000)) : 65536;
  quality.buffer_bytes = size_t{1} << random.between(14, 19);
  return quality;
}

size_t body_bytes(Random& random) {
  switch (random.below(16)) {
    case 0:
      return static_cast<size_t>(random.between(100000, 400000));
    case 1:
    case 2:
      return static_cast<size_t>(random.between(20000, 100000));
    case 3:
      return 0;
    default:
      return static_cast<size_t>(random.between(1, 6000));
  }
}

void plan_request(ExchangePlan& plan, Random& random) {
  static constexpr std::string_view kMethods[] = {"GET", "GET", "GET", "GET", "POST", "POST", "PUT", "HEAD", "OPTIONS"};
  plan.method = kMethods[random.below(std::size(kMethods))];
  if (plan.method != "POST" && plan.method != "PUT") return;
  plan.request_bytes = body_bytes(random);
  if (random.chance(40)) plan.request_framing = random.chance(30) ? Framing::kTrailers : Framing::kChunked;
  plan.early = plan.request_bytes > 0 && random.chance(8);
}

void plan_answer(ExchangePlan& plan, Random& random) {
  static constexpr Framing kFramings[] = {Framing::kLength, Framing::kLength, Framing::kChunked, Framing::kTrailers,
                                          Framing::kClose};
  plan.answer_bytes = body_bytes(random);
  plan.answer_framing = kFramings[random.below(std::size(kFramings))];
  plan.think = Micros{random.chance(30) ? random.between(0, 2000000) : random.between(0, 3000)};
  if (random.chance(25)) {
    plan.answer_piece = std::max<size_t>(plan.answer_bytes / static_cast<size_t>(random.between(2, 8)), 1);
    plan.answer_pause = Micros{random.between(1000, 700000)};
  }
  // A few take so long that what carries them has to be waited for.
  if (random.chance(3) && plan.answer_bytes > 0) {
    plan.answer_piece = plan.answer_bytes / 10 + 1;
    plan.answer_pause = Micros{random.between(1000000, 1800000)};
  }
  plan.interim = random.chance(8);
  plan.leaves = plan.answer_bytes > 0 && random.chance(5);
  plan.origin_breaks = plan.answer_bytes > 0 && random.chance(4);
  if (!random.chance(12)) return;
  plan.read_piece = std::max<size_t>(plan.answer_bytes / 10, 512);
  plan.read_pause = Micros{random.between(1000, 200000)};
}

ExchangePlan plan_exchange(int machine, Random& random) {
  ExchangePlan plan;
  plan.machine = machine;
  plan_request(plan, random);
  plan_answer(plan, random);
  if (!random.chance(6)) return plan;
  plan.upgrade = true;
  plan.method = "GET";
  plan.request_bytes = body_bytes(random);
  plan.request_framing = Framing::kLength;
  plan.early = plan.interim = false;
  return plan;
}

// How long a fault's traces last: the time-outs of PINGs, attempts and addresses.
Micros margin_of(Fault fault) {
  switch (fault) {
    case Fault::kAgentVanishes:
    case Fault::kAgentFrozen:
    case Fault::kLinkStalls:
    case Fault::kAgentCloned:
      return seconds(35);
    case Fault::kBrokerKilled:
      return seconds(15);
    // Processes run on until what they carry has ended, at most for their grace period.
    case Fault::kAgentRestarts:
    case Fault::kAgentUpgraded:
    case Fault::kBrokerRestarts:
    case Fault::kBrokerUpgraded:
      return seconds(45);
    default:
      return seconds(4);
  }
}

bool of_all(Fault fault) {
  return fault == Fault::kBrokerKilled || fault == Fault::kBrokerRestarts || fault == Fault::kBrokerUpgraded ||
         fault == Fault::kClientsCut;
}

void plan_faults(RunPlan& plan, Random& random) {
  if (random.chance(25)) return;
  const int64_t count = random.between(1, 4);
  for (int64_t i = 0; i < count; ++i) {
    PlannedFault fault;
    // Upgrades more often than the rest: most of what can go wrong in one needs others beside it.
    fault.fault = random.chance(12) ? Fault::kBrokerUpgraded : static_cast<Fault>(random.below(kFaults));
    fault.at = Micros{random.between(kFirstFault.count(), kLastFault.count())};
    fault.lasts = Micros{random.between(10000, random.chance(30) ? 8000000 : 1500000)};
    fault.machine = of_all(fault.fault) ? -1 : static_cast<int>(random.below(static_cast<uint64_t>(plan.machines)));
    fault.margin = margin_of(fault.fault);
    plan.faults_over = std::max(plan.faults_over, fault.at + fault.lasts + fault.margin);
    plan.faults.push_back(fault);
  }
  std::sort(plan.faults.begin(), plan.faults.end(),
            [](const PlannedFault& a, const PlannedFault& b) { return a.at < b.at; });
}

// Most ask while things go wrong; at the end each machine is asked once more.
void plan_clients(RunPlan& plan, Random& random) {
  const int64_t count = random.between(4, 24);
  for (int64_t i = 0; i < count; ++i) {
    ClientPlan client;
    const Micros last = plan.faults.empty() ? seconds(6) : seconds(14);
    client.at = Micros{random.between(kFirstClient.count(), last.count())};
    const auto machine = static_cast<int>(random.below(static_cast<uint64_t>(plan.machines)));
    const int64_t exchanges = random.between(1, 4);
    for (int64_t j = 0; j < exchanges; ++j) client.exchanges.push_back(plan_exchange(machine, random));
    plan.clients.push_back(std::move(client));
  }
  for (int machine = 0; machine < plan.machines; ++machine) {
    ClientPlan late;
    late.at = std::max(plan.faults_over, Micros{seconds(6)}) + milliseconds(10);
    ExchangePlan exchange;
    exchange.machine = machine;
    exchange.method = "POST";
    exchange.request_bytes = exchange.answer_bytes = size_t{90} * 1024;
    late.exchanges.assign(2, exchange);
    plan.clients.push_back(std::move(late));
  }
}

}  // namespace

std::string_view name_of(Fault fault) {
  static constexpr std::string_view kNames[kFaults] = {"agent killed",    "agent vanishes",
                                                       "agent restarts",  "agent upgraded",
                                                       "agent frozen",    "agent cloned",
                                                       "link stalls",     "link cut",
                                                       "tunnel cut",      "broker killed",
                                                       "broker restarts", "broker upgraded",
                                                       "origin restarts", "origin closes idle connections",
                                                       "clients cut"};
  return kNames[static_cast<size_t>(fault)];
}

RunPlan RunPlan::of_seed(uint64_t seed) {
  Random random(seed * 2654435761 + 1);
  RunPlan plan;
  plan.seed = seed;
  plan.machines = static_cast<int>(random.between(1, 3));
  plan.loops = random.chance(40) ? static_cast<size_t>(random.between(2, 3)) : 1;
  plan.connections = static_cast<int>(random.between(1, 2));
  plan.window_bytes = uint32_t{1} << random.between(12, 16);
  plan.park = random.chance(50) ? Duration{10000} : Duration{random.between(500, 4000)};
  plan.machine_link = link_quality(random);
  plan.client_link = link_quality(random);
  plan_faults(plan, random);
  plan_clients(plan, random);
  return plan;
}

}  // namespace ingress::sim
