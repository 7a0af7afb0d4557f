// What the first bytes of a connection say of where it leads, found without taking any of them.
#pragma once

#include <cstdint>
#include <string>

namespace ingress {

struct Peek {
  enum class State : uint8_t {
    kMore,   // not yet to be seen: come again with these bytes and more
    kFound,  // `host` is what they name, as it was sent
    kNone,   // they name none, or are not what is looked for here
  };

  State state = State::kNone;
  std::string host;
};

}  // namespace ingress
