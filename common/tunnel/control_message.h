// Control messages read from what a peer sent.
#pragma once

#include "common/base/bytes.h"

namespace google::protobuf {
class MessageLite;
}

namespace ingress::tunnel {

// False where it is malformed. Nothing is written of it anywhere: a peer must not be able to write into the log.
bool read_message(google::protobuf::MessageLite& message, Bytes payload);

}  // namespace ingress::tunnel
