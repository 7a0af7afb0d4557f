// Reading HTTP/1.1 messages: a pull parser over spans. No I/O, no buffer of its own: the caller keeps what was not
// consumed and gives it again with more behind it.
//
// Heads are read by llhttp once they are whole (their end is searched incrementally, so that a head that comes byte by
// byte costs linear time) and after a strict check of our own; bodies by a strict chunked decoder of our own. Whatever
// RFC 9112 calls malformed or ambiguous is an error, and an error is final: answer and close.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/http/chunked_decoder.h"
#include "common/http/head.h"
#include "common/http/head_check.h"

namespace ingress::http {

struct ReaderLimits {
  size_t head_bytes = 64 * 1024;  // request line or status line, all fields (trailers are counted alike)
  size_t field_count = 256;
};

enum class ReadEvent : uint8_t {
  kNeedMore,  // nothing to do until more bytes come; `input` holds what must be kept
  kHead,      // head() and framing() are valid until the next call of next()
  kData,      // data() is a piece of the body, inside the input that was given (kHeadroomBytes before it are scratch)
  kEnd,       // the message is complete; trailers() are valid until the next call (empty where there were none)
  kBlocked,   // body bytes are there, but `allowance` was 0
  kError,     // error(): kBadRequest, kHeaderTooLarge (client side); kProtocol, kTooLarge (origin side)
};

// What both directions share: the search for a head's end, and bodies.
class MessageReader {
 public:
  BodyFraming framing() const { return framing_; }
  MutableBytes data() const { return data_; }
  const Fields& trailers() const { return trailers_; }
  const Error& error() const { return error_; }

 protected:
  enum class State : uint8_t { kHead, kBody, kOpaque, kFailed };

  MessageReader(const ReaderLimits& limits, Side side) : limits_(limits), side_(side) {}
  ~MessageReader();

  // kHead: the head is whole, `head` holds it (the empty line too) and `input` is behind it.
  ReadEvent find_head(MutableBytes& input, std::string_view& head);
  bool read_fields(std::string_view block, uint8_t minor_version, Fields& fields);
  ReadEvent next_body(MutableBytes& input, size_t allowance);
  ReadEvent fail(ErrorCode code, const char* context);
  ReadEvent malformed(const char* context);
  ReadEvent too_large(const char* context);
  // Reads Content-Length and Transfer-Encoding. False where they are malformed or ambiguous.
  bool read_framing(const Fields& fields, uint8_t minor_version, bool& chunked, bool& has_length, uint64_t& length);

  ReaderLimits limits_;
  BodyFraming framing_;
  MutableBytes data_;
  Fields trailers_;
  Error error_;
  HeadScanner scanner_;
  ChunkedDecoder chunks_;
  uint64_t left_ = 0;
  Side side_;
  State state_ = State::kHead;
};

// Requests of one client connection, one after the other (pipelining: after kEnd, next() reads the following request).
class RequestReader : public MessageReader {
 public:
  explicit RequestReader(const ReaderLimits& limits = {});

  // Consumes from the front of `input` (advancing it) and returns the first event. At most `allowance` body bytes are
  // handed out by one kData. Once the framing is kUpgraded (see upgrade()), all bytes are kData.
  ReadEvent next(MutableBytes& input, size_t allowance);

  const RequestHead& head() const { return head_; }
  // True between kHead and kEnd.
  bool in_body() const { return state_ == State::kBody; }
  // True where no byte of a next request has been seen (only then is an idle connection's end an orderly one).
  bool idle() const { return state_ == State::kHead && scanner_.head_bytes() == 0; }
  // RFC 9112, 9.3: the client expects the connection to stay open after this exchange. Valid from kHead to the next
  // kHead.
  bool keep_alive() const { return keep_alive_; }
  // The request's `Upgrade` is a real one: HTTP/1.1, Connection names it, not h2c. Valid as keep_alive().
  bool wants_upgrade() const { return wants_upgrade_; }
  // From now on the connection carries opaque bytes (after a 101 was sent).
  void upgrade();

 private:
  ReadEvent read_head(MutableBytes& input);
  bool skip_empty_lines(MutableBytes& input);
  bool frame();
  void read_connection_options();

  RequestHead head_;
  uint8_t empty_lines_ = 0;
  bool keep_alive_ = false;
  bool wants_upgrade_ = false;
};

// Responses of one origin connection.
class ResponseReader : public MessageReader {
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
  bool keep_alive() const { return keep_alive_; }
  // No byte of the expected response has come yet.
  bool untouched() const { return untouched_; }

 private:
  ReadEvent read_head(MutableBytes& input);
  bool frame();

  ResponseHead head_;
  bool keep_alive_ = false;
  bool head_request_ = false;
  bool wants_upgrade_ = false;
  bool untouched_ = true;
};

}  // namespace ingress::http
