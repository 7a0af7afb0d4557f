// What a pattern captured of a request's host and path. Memory is kept from one request to the next.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ingress::broker {

class Captures {
 public:
  // Fills itself from a match: the value of each wildcard, in the pattern's order, goes under its name; "" is left out.
  // `names` outlives the captures.
  void begin(const std::vector<std::string>& names) {
    clear();
    names_ = &names;
  }
  void add(std::string_view value);
  void clear();

  // "" where there is no such capture.
  std::string_view value(std::string_view name) const;
  bool has(std::string_view name) const;
  // Calls take(name, value) for each that has a name.
  template <class Take>
  void each(Take take) const {
    for (size_t i = 0; i < ends_.size() && names_ != nullptr; ++i) {
      if (!(*names_)[i].empty()) take(std::string_view((*names_)[i]), at(i));
    }
  }
  bool empty() const { return ends_.empty(); }
  // One that outlives the names.
  Captures copy() const;

 private:
  std::string_view at(size_t index) const;

  const std::vector<std::string>* names_ = nullptr;
  std::shared_ptr<const std::vector<std::string>> own_names_;  // of a copy
  std::string text_;
  std::vector<size_t> ends_;  // in text_
};

}  // namespace ingress::broker
