#include "broker/routing/captures.h"

#include <algorithm>

namespace ingress::broker {

void Captures::add(std::string_view value) {
  text_.append(value);
  ends_.push_back(text_.size());
}

Captures Captures::copy() const {
  Captures made = *this;
  if (names_ != nullptr) {
    made.own_names_ = std::make_shared<const std::vector<std::string>>(*names_);
    made.names_ = made.own_names_.get();
  }
  return made;
}

void Captures::clear() {
  names_ = nullptr;
  own_names_.reset();
  text_.clear();
  ends_.clear();
}

std::string_view Captures::at(size_t index) const {
  const size_t begin = index == 0 ? 0 : ends_[index - 1];
  return std::string_view(text_).substr(begin, ends_[index] - begin);
}

bool Captures::has(std::string_view name) const {
  return names_ != nullptr && std::find(names_->begin(), names_->end(), name) != names_->end();
}

std::string_view Captures::value(std::string_view name) const {
  if (names_ == nullptr || name.empty()) return {};
  const auto found = std::find(names_->begin(), names_->end(), name);
  const auto index = static_cast<size_t>(found - names_->begin());
  return index < ends_.size() ? at(index) : std::string_view();
}

}  // namespace ingress::broker
