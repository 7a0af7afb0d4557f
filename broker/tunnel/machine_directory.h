// Which loop each machine belongs to, where the broker has several. A machine is assigned when its first tunnel comes
// and stays until its last one is gone: to the loop that its name's hash says, unless that one carries more than its
// share of the machines already; then to the one that carries the fewest (decision 0007).
//
// Thread: any.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/text_hash.h"

namespace ingress::broker {

class MachineDirectory {
 public:
  explicit MachineDirectory(size_t loops) : loops_(loops), machines_(loops, 0) {}

  size_t loops() const { return loops_; }
  // A tunnel of the machine comes: the loop that it is for. leave() when it is gone.
  size_t enter(std::string_view machine);
  void leave(std::string_view machine);
  // By the machine's loop: whether a tunnel of it takes streams. Only while one has entered.
  void set_serving(std::string_view machine, bool serving);
  // The loop where a tunnel takes the machine's streams; nullopt where none does.
  std::optional<size_t> serving_loop(std::string_view machine) const;
  // How many machines each loop has.
  std::vector<size_t> machines() const;

 private:
  struct Entry {
    size_t loop = 0;
    size_t tunnels = 0;
    bool serving = false;
  };

  size_t choose(std::string_view machine) const;

  const size_t loops_;
  mutable std::mutex mutex_;
  TextMap<Entry> entries_;
  std::vector<size_t> machines_;
};

}  // namespace ingress::broker
