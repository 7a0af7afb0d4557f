// What reading a piece of an HTTP/1.1 message gives.
#pragma once

#include <cstdint>

namespace ingress::http {

enum class ReadEvent : uint8_t {
  kNeedMore,  // nothing to do until more bytes come; `input` holds what must be kept
  kHead,      // head() and framing() are valid until the next call of next()
  kData,      // data() is a piece of the body, inside the input that was given (kHeadroomBytes before it are scratch)
  kEnd,       // the message is complete; trailers() are valid until the next call (empty where there were none)
  kBlocked,   // body bytes are there, but `allowance` was 0
  kError,  // error(): kBadRequest, kInvalidHost, kMethodNotAllowed, kHeaderTooLarge (client side); kProtocol, kTooLarge
           // (origin)
};

}  // namespace ingress::http
