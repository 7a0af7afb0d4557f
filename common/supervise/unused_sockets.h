// Sockets that this process was started with, and that no listener of its settings is for. Thread: the main one.
#pragma once

namespace ingress::supervise {

// Once all listeners are there: closes them, with a line in the log for each. Whoever passed them in may hold them
// still, and who connects there waits for nobody.
void close_unused_sockets();

}  // namespace ingress::supervise
