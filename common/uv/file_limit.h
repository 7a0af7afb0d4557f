// Descriptors: one for each connection.
#pragma once

namespace ingress::uv {

// Raises the soft limit to the hard one. The soft limit that shells and supervisors give (1024) protects programs that
// use select(); this process polls.
void raise_file_limit();

}  // namespace ingress::uv
