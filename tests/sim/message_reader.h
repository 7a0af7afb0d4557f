// Reads HTTP/1.1 messages, one after the other: the simulator's own reader, so that the product's is not its own judge.
// Strict: what the product may not write is an error.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ingress::sim {

struct MessageHead {
  std::string start;  // the start line
  std::vector<std::pair<std::string, std::string>> fields;
  int status() const;  // of an answer; 0 where it is none
  // "" where there is none.
  std::string_view value(std::string_view name) const;
};

class MessageEvents {
 public:
  // What kind of body follows an answer's head cannot be seen from it alone: true where none does.
  virtual bool on_head(const MessageHead& head) = 0;
  virtual void on_body(std::string_view bytes) = 0;
  virtual void on_message_end() = 0;

 protected:
  ~MessageEvents() = default;
};

class MessageReader {
 public:
  MessageReader(MessageEvents& events, bool answers) : events_(events), answers_(answers) {}

  // False where the bytes break the rules.
  bool read(std::string_view bytes);
  // The connection has ended; false where a message is cut.
  bool end();
  // No message is under way.
  bool idle() const { return state_ == State::kHead && rest_.empty(); }
  // Everything from here on is body (after a 101).
  void go_opaque() { state_ = State::kOpaque; }
  const std::vector<std::pair<std::string, std::string>>& trailers() const { return trailers_; }

 private:
  enum class State { kHead, kLength, kChunkSize, kChunk, kChunkEnd, kTrailers, kUntilEnd, kOpaque };

  bool step(bool& more);
  bool take_line(std::string& line);
  bool read_head(bool& more);
  bool begin_body(const MessageHead& head);
  bool read_chunk_size(const std::string& line);
  bool read_field(const std::string& line, std::vector<std::pair<std::string, std::string>>& to);
  void take_body(size_t most);
  void finish();

  MessageEvents& events_;
  bool answers_;
  State state_ = State::kHead;
  std::string rest_;
  size_t used_ = 0;
  size_t left_ = 0;  // of the body, or of its chunk
  std::vector<std::pair<std::string, std::string>> trailers_;
};

}  // namespace ingress::sim
