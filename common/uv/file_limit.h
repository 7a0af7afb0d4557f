// Descriptors: one for each connection. Thread: any.
#pragma once

namespace ingress::uv {

// Raises the soft limit to the hard one. The soft limit that shells and supervisors give (1024) protects programs that
// use select(); this process polls.
void raise_file_limit();

// How many this process may have open.
int file_limit();

// The next descriptor's number, which is at most the number of open ones; file_limit() where none can be had.
int lowest_free_descriptor();

}  // namespace ingress::uv
