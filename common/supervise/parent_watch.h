// A child of --supervise and its parent's death (kill -9): nobody could upgrade or stop the child any more, and it
// would keep the sockets, the database or the machine from who is started next.
#pragma once

#include <string>

namespace ingress::supervise {

// What the parent puts into a child's environment: NAME=value.
std::string parent_in_environment();

// From now on this process gets `signal` when its parent dies, or at once where that has happened. Nothing where it is
// no child of --supervise. The signal's watch has to be there. Thread: main.
void signal_when_parent_dies(int signal);

}  // namespace ingress::supervise
