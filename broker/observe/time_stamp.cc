#include "broker/observe/time_stamp.h"

#include <ctime>

namespace ingress::broker {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kMillisecondNs = 1'000'000;

}  // namespace

std::string_view TimeStamp::at(FineTime now) {
  if (second_ < 0 || now - asked_ >= std::chrono::seconds(1) || now < asked_) ask(now);
  const int64_t wall = now.time_since_epoch().count() + wall_minus_monotonic_ns_;
  if (wall / kSecondNs != second_) write_second(wall / kSecondNs);
  const auto milliseconds = static_cast<unsigned>(wall % kSecondNs / kMillisecondNs);
  char* digits = text_ + size_ - 4;
  for (const unsigned divisor : {100U, 10U, 1U}) *digits++ = static_cast<char>('0' + milliseconds / divisor % 10);
  return {text_, size_};
}

void TimeStamp::ask(FineTime now) {
  timespec wall{};
  clock_gettime(CLOCK_REALTIME, &wall);
  wall_minus_monotonic_ns_ = wall.tv_sec * kSecondNs + wall.tv_nsec - now.time_since_epoch().count();
  asked_ = now;
}

void TimeStamp::write_second(int64_t second) {
  second_ = second;
  const time_t whole = second;
  tm parts{};
  gmtime_r(&whole, &parts);
  size_ = strftime(text_, sizeof text_, "%Y-%m-%dT%H:%M:%S.000Z", &parts);
}

}  // namespace ingress::broker
