// What passes between two loops for a stream that crosses: values that own all that they hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "broker/carrier/head_copy.h"
#include "common/base/byte_buffer.h"
#include "common/base/error.h"
#include "common/tunnel/reset_code.h"

namespace ingress::broker {

struct CrossingMessage {
  enum class Kind : uint8_t {
    // From the client's loop to the machine's.
    kOpen,             // machine, head, end
    kRequestData,      // data, end
    kRequestTrailers,  // head
    kConsumed,         // bytes: the client took them
    kAbandon,          // code
    // From the machine's loop to the client's.
    kHead,            // head, end
    kAnswerData,      // data, end
    kAnswerTrailers,  // head
    kCredit,          // bytes: so many more may be sent
    kClosed,          // error, code; the last
  };

  Kind kind = Kind::kOpen;
  bool end = false;
  tunnel::ResetCode code = tunnel::ResetCode::kCancelled;
  uint64_t stream = 0;  // its number on the client's loop
  size_t bytes = 0;
  std::string machine;
  ByteBuffer data;
  std::unique_ptr<HeadCopy> head;
  Error error;

  bool to_machine() const { return kind <= Kind::kAbandon; }
};

}  // namespace ingress::broker
