// One request over an Http2ClientSession, as its owner implements it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/http/head.h"

namespace ingress::http {

// How a stream ended.
enum class Http2Ending : uint8_t {
  kComplete,     // both sides ended in order
  kUnprocessed,  // was not sent, or the server did nothing with it (REFUSED_STREAM, or above a GOAWAY's last stream)
  kLost,         // the connection is gone: lose()
  kFailed,       // everything else
};

// What the next DATA frame of the request's body is followed by.
enum class Http2Body : uint8_t { kMore, kEnd, kTrailers };

// What the session keeps of a stream, and nobody else looks at.
struct Http2StreamRecord {
  size_t place = 0;  // among the session's streams
  int32_t id = 0;    // 0: none
  const Error* fault = nullptr;
  uint8_t interim_heads = 0;
  bool head_done = false;
  bool answer_ended = false;
  bool reset_by_peer = false;
};

class Http2ClientStream {
 public:
  // From receive(). 1xx come through; `end`: nothing follows. Views are valid until the call returns.
  virtual void on_head(const ResponseHead& head, bool end) = 0;
  // Lies in the input given to receive(), kHeadroomBytes of scratch before it. To be given back by consumed(), later or
  // now, as far as it is not empty.
  virtual void on_data(MutableBytes payload, bool end) = 0;
  // They end the answer.
  virtual void on_trailers(const Fields& trailers) = 0;
  // The last call; from receive(), output() or lose().
  virtual void on_ended(Http2Ending ending, const Error& error) = 0;

  // From output(): copies request bytes out and returns how many; 0 with kMore pauses until resume_body().
  virtual size_t read_body(MutableBytes to, Http2Body& then) = 0;
  // From output(), after read_body said kTrailers.
  virtual const Fields& body_trailers() = 0;

  Http2StreamRecord record;

 protected:
  ~Http2ClientStream() = default;
};

}  // namespace ingress::http
