// A client's side of an Upgrade, as far as the bench needs one: heads as WebSocket has them, then bare bytes.
#pragma once

#include <memory>
#include <string>

#include "tests/bench/soak/stream.h"

namespace upgrade {

// An upgraded connection to 127.0.0.1 (clear where `tls` is null). Null where the answer is not 101.
std::unique_ptr<soak::Stream> open(int port, ssl_ctx_st* tls, const std::string& host);

}  // namespace upgrade
