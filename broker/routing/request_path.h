// A request's path as its segments, for routes and policies that look at it: percent-decoded, empty segments left out.
// What servers read in different ways (RFC 3986, 6.2.2; dot segments, an encoded slash, a backslash, control bytes) is
// told apart, so that no path is one thing here and another at the origin. Memory is kept from one request to the next.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ingress::broker {

// Appends a segment, percent-decoded. False where servers do not agree on what it is: ".", ".." (with parameters behind
// a `;` too), an encoded slash, a backslash, control bytes, a `%` that encodes nothing.
bool decode_segment(std::string_view segment, std::string& decoded);

class RequestPath {
 public:
  // `target`: in origin-form, or "*"; outlives the path's use. Reads it when it is first asked.
  void set(std::string_view target);

  // Servers do not agree on what it is.
  bool ambiguous() const;
  size_t size() const;
  // A segment, decoded; valid until the next set().
  std::string_view segment(size_t index) const;
  // Where the first `segments` of them end in the target.
  size_t end_of(size_t segments) const;

 private:
  struct Part {
    uint32_t begin;  // in decoded_
    uint32_t size;
    uint32_t end;  // in the target
  };

  void read() const;

  std::string_view target_;
  mutable std::string decoded_;
  mutable std::vector<Part> parts_;
  mutable bool read_ = true;
  mutable bool ambiguous_ = false;
};

}  // namespace ingress::broker
