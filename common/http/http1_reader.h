// Reading HTTP/1.1 messages: a pull parser over spans. No I/O, no buffer of its own: the caller keeps what was not
// consumed and gives it again with more behind it. Thread: one; the memory of the fields that are shown is the
// thread's.
//
// Heads are read line by line as they come (one that comes byte by byte costs linear time), bodies by a strict chunked
// decoder. Where a head frames its message by Transfer-Encoding or asks for an Upgrade, and of trailers, llhttp has to
// read the same fields (decision 0001). Whatever RFC 9112 calls malformed or ambiguous is an error, and an error is
// final: answer and close.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/http/body_reader.h"
#include "common/http/field_section.h"
#include "common/http/head.h"
#include "common/http/http1_limits.h"
#include "common/http/read_event.h"

namespace ingress::http {

struct MessageFacts;

// Requests of one client connection, one after the other (pipelining: after kEnd, next() reads the following request).
class RequestReader {
 public:
  explicit RequestReader(const ReaderLimits& limits = {});

  // Consumes from the front of `input` (advancing it) and returns the first event. At most `allowance` body bytes are
  // handed out by one kData. Once the framing is kUpgraded (see upgrade()), all bytes are kData.
  ReadEvent next(MutableBytes& input, size_t allowance);

  // After kError: of a head that was read and then refused, its method, target and first Host; else empty.
  const RequestHead& head() const { return head_; }
  BodyFraming framing() const { return body_.framing(); }
  MutableBytes data() const { return body_.data(); }
  const Fields& trailers() const { return body_.trailers(); }
  const Error& error() const { return error_; }
  // True between kHead and kEnd.
  bool in_body() const { return phase_ == Phase::kBody; }
  // True where no byte of a next request has been seen (only then is an idle connection's end an orderly one).
  bool idle() const { return phase_ == Phase::kRequestLine && !seen_; }
  // RFC 9112, 9.3: the client expects the connection to stay open after this exchange. Valid from kHead to the next
  // kHead.
  bool keep_alive() const { return keep_alive_; }
  // The request's `Upgrade` is a real one: HTTP/1.1, Connection names it, not to h2c alone. Valid as keep_alive().
  bool wants_upgrade() const { return wants_upgrade_; }
  // From now on the connection carries opaque bytes (after a 101 was sent; the request was read to its end).
  void upgrade();

 private:
  enum class Phase : uint8_t { kRequestLine, kFields, kBody, kFailed };

  ReadEvent read_head(MutableBytes& input);
  // True where the request line is whole and well-formed; else `event` says what to return.
  bool read_request_line(MutableBytes& input, ReadEvent& event);
  ReadEvent take_head(MutableBytes& input);
  // Gives the target "http://HOST?y" of `line` the path that it has (RFC 3986, 6.2.3): "http://HOST/?y". The byte for
  // it is the space in front of the target.
  void give_path(MutableBytes line);
  // `section`: the head's fields as they came.
  Fault judge_head(std::string_view section);
  Fault judge_connect(const MessageFacts& facts);
  ReadEvent read_body(MutableBytes& input, size_t allowance);
  ReadEvent fail(const Fault& fault);
  ReadEvent refuse_head(const Fault& fault);

  ReaderLimits limits_;
  RequestHead head_;
  BodyReader body_;
  Error error_;
  uint8_t empty_lines_ = 0;  // skipped before the request line
  Phase phase_ = Phase::kRequestLine;
  bool seen_ = false;  // a byte of a request that is not whole
  bool keep_alive_ = false;
  bool wants_upgrade_ = false;
};

// 10,000 idle client connections are to be cheap.
static_assert(sizeof(RequestReader) <= 200);

// Responses of one origin connection.
class ResponseReader {
 public:
  explicit ResponseReader(const ReaderLimits& limits = {});

  // To be called before each request's response: RFC 9112, 6.3 makes the framing depend on the method. `wants_upgrade`
  // lets a 101 be accepted (any other 101 is an error).
  void expect(bool head_request, bool wants_upgrade);
  // As RequestReader::next. A 1xx (but 101) gives kHead and then kHead again of the next head; a final head is followed
  // by kData… and kEnd. After a 101 the framing is kUpgraded.
  ReadEvent next(MutableBytes& input, size_t allowance);
  // The origin closed its side: kEnd where that ends the body (kUntilClose, kUpgraded), else kError (kClosed, with
  // retryable = true where no byte of a response had come).
  ReadEvent end_of_input();

  const ResponseHead& head() const { return head_; }
  BodyFraming framing() const { return body_.framing(); }
  MutableBytes data() const { return body_.data(); }
  const Fields& trailers() const { return body_.trailers(); }
  const Error& error() const { return error_; }
  bool keep_alive() const { return keep_alive_; }
  // No byte of the expected response has come yet.
  bool untouched() const { return untouched_; }

 private:
  enum class Phase : uint8_t { kIdle, kStatusLine, kFields, kBody, kFailed };

  ReadEvent read_head(MutableBytes& input);
  // True where the status line is whole and well-formed; else `event` says what to return.
  bool read_status_line(std::string_view text, ReadEvent& event);
  ReadEvent take_head(MutableBytes& input);
  Fault judge_head(std::string_view section, BodyFraming& framing);
  ReadEvent fail(const Fault& fault);
  ReadEvent fail_closed();

  ReaderLimits limits_;
  ResponseHead head_;
  BodyReader body_;
  Error error_;
  uint8_t interim_heads_ = 0;  // of the expected response
  Phase phase_ = Phase::kIdle;
  bool untouched_ = true;
  bool head_request_ = false;
  bool wants_upgrade_ = false;
  bool keep_alive_ = false;
};

}  // namespace ingress::http
