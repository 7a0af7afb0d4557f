// What must hold of every request of every run; docs/reliability.md says it for readers.
#pragma once

#include <string>

#include "tests/sim/run_plan.h"

namespace ingress::sim {

// What is wrong with it, "" where nothing is. `now`: when the run was over.
std::string judge(const RunPlan& plan, const ExchangeRecord& record, Micros now);

std::string describe(const ExchangeRecord& record);

}  // namespace ingress::sim
