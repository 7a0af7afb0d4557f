// JSON that a stranger wrote. `Json` is the library's class, which whoever calls this includes.
#pragma once

#include <string_view>

namespace ingress {

// The text's value; discarded where it is no JSON, or is nested deeper than `most_depth`: the recursion of who copies
// or writes such a value could run out of stack. What is left out takes no room.
template <class Json>
Json shallow_json(std::string_view text, int most_depth) {
  bool too_deep = false;
  const auto look = [&too_deep, most_depth](int depth, typename Json::parse_event_t, const Json&) {
    too_deep = too_deep || depth > most_depth;
    return !too_deep;
  };
  Json read = Json::parse(text, look, /*allow_exceptions=*/false);
  return too_deep ? Json(Json::value_t::discarded) : read;
}

}  // namespace ingress
