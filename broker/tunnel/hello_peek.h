// The machine and the token of the HELLO that a tunnel begins with, read before a session reads it. No I/O.
#pragma once

#include <string>

#include "common/base/bytes.h"
#include "common/tunnel/frame_decoder.h"

namespace ingress::broker {

class HelloPeek {
 public:
  enum class State : uint8_t {
    kMore,   // the HELLO is not whole
    kFound,  // machine() and token() are what it says
    kNone,   // it does not begin with a HELLO that can be read: the session will say what is wrong
  };

  HelloPeek() { decoder_.allow(tunnel::type_bit(tunnel::FrameType::kHello)); }

  // The next bytes of the connection, from its first on. Not after another answer than kMore.
  State take(MutableBytes bytes);

  const std::string& machine() const { return machine_; }
  const std::string& token() const { return token_; }

 private:
  tunnel::FrameDecoder decoder_;
  std::string machine_;
  std::string token_;
};

}  // namespace ingress::broker
