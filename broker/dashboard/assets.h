// The dashboard's files, as the build made them of src/ (build.mjs), in the program. Where it was built without npm
// there is one, index.html, that says so. Pure.
#pragma once

#include <span>
#include <string_view>

namespace ingress::broker::dashboard {

struct Asset {
  std::string_view name;  // "index.html"
  std::string_view content_type;
  std::string_view etag;        // in quotes
  std::string_view style_hash;  // of the style that stands in it ("sha256-…"), "" for none
  std::string_view plain;
  std::string_view gzip;  // the same, RFC 1952; "" where it is not worth it
};

std::span<const Asset> assets();
// Null where there is none of that name.
const Asset* find(std::string_view name);

}  // namespace ingress::broker::dashboard
