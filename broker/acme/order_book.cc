#include "broker/acme/order_book.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace ingress::broker::acme {
namespace {

using nlohmann::json;

constexpr int64_t kHour = 3600;
constexpr int64_t kLongestWait = 24 * kHour;
constexpr int64_t kFirstLook = 10;
constexpr int64_t kLongestLook = 600;
constexpr int kMostDoublings = 20;

int64_t doubled(int64_t first, int times, int64_t most) {
  return std::min(first << std::min(times, kMostDoublings), most);
}

}  // namespace

const Standing* OrderBook::find(std::string_view name) const {
  const auto found = standings_.find(name);
  return found == standings_.end() ? nullptr : &found->second;
}

int64_t OrderBook::rates_allow(std::string_view project, int64_t now) const {
  int left = limits_.orders;
  int project_left = limits_.project_orders;
  // From the newest: the one that fills a limit is the one to wait for.
  for (auto order = orders_.rbegin(); order != orders_.rend() && order->at > now - kHour; ++order) {
    const bool same = !project.empty() && order->project == project;
    if (--left == 0 || (same && --project_left == 0)) return order->at + kHour;
  }
  return now;
}

int64_t OrderBook::may_begin(std::string_view name, std::string_view project, int64_t now) const {
  const Standing* standing = find(name);
  const int64_t next = standing == nullptr ? now : standing->next_try;
  return std::max(next, rates_allow(project, now));
}

void OrderBook::began(const std::string& project, int64_t now) {
  forget_old(now);
  orders_.push_back({now, project});
}

void OrderBook::failed(const std::string& name, Failure failure, std::string error, int64_t now) {
  Standing& standing = standings_[name];
  const int64_t retry = std::max<int64_t>(std::chrono::ceil<std::chrono::seconds>(limits_.retry).count(), 1);
  if (failure == Failure::kOrder) {
    standing.next_try = now + doubled(retry, standing.failures++, kLongestWait);
    standing.looks = 0;
  } else {
    standing.next_try = now + doubled(std::min(retry, kFirstLook), standing.looks++, kLongestLook);
  }
  if (failure != Failure::kUnready) standing.unplaced = failure == Failure::kUnplaced;
  standing.held_off = false;
  standing.failed_at = now;
  standing.last_error = std::move(error);
}

void OrderBook::held_off(const std::string& name, std::string why, int64_t until, int64_t now) {
  Standing& standing = standings_[name];
  standing.held_off = true;
  standing.failed_at = now;
  standing.next_try = until;
  standing.last_error = std::move(why);
}

void OrderBook::withdrawn(std::string_view name) {
  if (const auto found = standings_.find(name); found != standings_.end()) found->second.unplaced = false;
}

void OrderBook::forgive(std::string_view name) {
  if (const auto found = standings_.find(name); found != standings_.end()) found->second.next_try = 0;
}

void OrderBook::settled(std::string_view name) {
  if (const auto found = standings_.find(name); found != standings_.end()) standings_.erase(found);
}

void OrderBook::forget_old(int64_t now) {
  while (!orders_.empty() && orders_.front().at <= now - kHour) orders_.pop_front();
}

std::string OrderBook::text() const {
  json book = {{"certificates", json::object()}, {"orders", json::array()}};
  for (const auto& [name, standing] : standings_) {
    if (standing.held_off && standing.failures == 0 && !standing.unplaced) continue;
    book["certificates"][name] = {{"failures", standing.failures}, {"looks", standing.looks},
                                  {"unplaced", standing.unplaced}, {"failedAt", standing.failed_at},
                                  {"nextTry", standing.next_try},  {"lastError", standing.last_error}};
  }
  for (const Order& order : orders_) book["orders"].push_back({{"at", order.at}, {"project", order.project}});
  return book.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

void OrderBook::read(std::string_view text, int64_t now) {
  const json book = json::parse(text, nullptr, false);
  if (!book.is_object()) return;
  const auto number = [](const json& from, const char* name) {
    const auto found = from.find(name);
    return found != from.end() && found->is_number_integer() ? found->get<int64_t>() : int64_t{0};
  };
  const auto count = [&number](const json& from, const char* name) {
    return static_cast<int>(std::clamp<int64_t>(number(from, name), 0, kMostDoublings));
  };
  const auto word = [](const json& from, const char* name) {
    const auto found = from.find(name);
    return found != from.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const json certificates = book.value("certificates", json::object());
  const json orders = book.value("orders", json::array());
  for (const auto& [name, each] : certificates.items()) {
    if (!each.is_object()) continue;
    // A clock that was wrong when it was written must not hold an order off for ever.
    const int64_t next = std::min(number(each, "nextTry"), now + kLongestWait);
    const auto unplaced = each.find("unplaced");
    standings_[name] = {count(each, "failures"),  count(each, "looks"),
                        number(each, "failedAt"), next,
                        word(each, "lastError"),  unplaced != each.end() && *unplaced == true};
  }
  for (const json& each : orders) {
    if (each.is_object() && number(each, "at") <= now) orders_.push_back({number(each, "at"), word(each, "project")});
  }
  forget_old(now);
}

}  // namespace ingress::broker::acme
