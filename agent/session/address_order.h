// Which of a broker's addresses is tried first.
#pragma once

#include <cstddef>
#include <vector>

#include "common/uv/socket.h"

namespace ingress::agent {

bool is_v6(const uv::Address& address);

// The same set in the order of turn `turn`. The resolver's preference between IPv6 and IPv4 stays; within a family the
// addresses are sorted (resolvers shuffle) and then rotated by `turn`, so that slots with neighbouring turns begin with
// different ones.
std::vector<uv::Address> in_turn(std::vector<uv::Address> addresses, size_t turn);

}  // namespace ingress::agent
