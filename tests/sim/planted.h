// Bugs that are planted in the simulator's copy of some sources, each off until it is switched on. planted/*.bug says
// what each is; CMake makes the copies (planted.cmake), and no other program has them.
#pragma once

#include <span>
#include <string_view>

namespace ingress::sim {

struct PlantedBug {
  std::string_view name;
  std::string_view what;
};

std::span<const PlantedBug> planted_bugs();
// From now on, in this process; "" for none. Before any of the product's code runs.
void plant(std::string_view name);
bool is_planted(std::string_view name);

}  // namespace ingress::sim

// Whether the bug of that name is on.
#define PLANTED(name)                                              \
  ([] {                                                            \
    static const bool planted = ::ingress::sim::is_planted(#name); \
    return planted;                                                \
  }())
