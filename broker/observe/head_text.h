// Fields of heads and targets as they may be shown to who looks at traffic: what lets somebody in is left out, before
// it leaves the broker. A secret is known by its name: of a field (Authorization, Cookie, …token…, …secret…), of a
// query's value. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/http/head.h"

namespace ingress::broker {

inline constexpr std::string_view kRedacted = "[redacted]";
// Beyond, a value is cut, and further fields are left out.
inline constexpr size_t kMostShownValue = 2048;
inline constexpr size_t kMostShownFields = size_t{16} * 1024;

// A field's value without its secrets: schemes, names of cookies and their attributes stay.
std::string shown_value(const http::Field& field);
// The values of secret names in the queries and fragments of a text, and the user part of its URLs.
std::string without_secrets_of_urls(std::string_view text);
// [["Host","a.example.com"],…], in ASCII: a byte above 0x7f stands as the character of its number.
std::string fields_json(const http::Fields& fields);

}  // namespace ingress::broker
