#include "tests/sim/planted.h"

#include <string>

namespace ingress::sim {
namespace {

std::string& chosen() {
  static std::string name;
  return name;
}

}  // namespace

void plant(std::string_view name) { chosen() = name; }
bool is_planted(std::string_view name) { return chosen() == name; }

}  // namespace ingress::sim
