#include "common/tunnel/control_message.h"

#include <google/protobuf/message_lite.h>
#include <google/protobuf/stubs/common.h>

namespace ingress::tunnel {
namespace {

// Protobuf before 22 tells of malformed input on stderr, later ones don't.
void quiet_protobuf() {
#if GOOGLE_PROTOBUF_VERSION < 4022000
  static const auto previous = google::protobuf::SetLogHandler(nullptr);
  (void)previous;
#endif
}

}  // namespace

bool read_message(google::protobuf::MessageLite& message, Bytes payload) {
  quiet_protobuf();
  return message.ParseFromArray(payload.data(), static_cast<int>(payload.size()));
}

}  // namespace ingress::tunnel
