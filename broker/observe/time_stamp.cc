#include "broker/observe/time_stamp.h"

#include <ctime>

namespace ingress::broker {

std::string_view TimeStamp::at(FineTime now) {
  if (now < begin_ || now - begin_ >= std::chrono::seconds(1)) begin_second(now);
  const auto milliseconds =
      static_cast<unsigned>(std::chrono::duration_cast<std::chrono::milliseconds>(now - begin_).count());
  char* const digits = text_ + size_ - 4;
  digits[0] = static_cast<char>('0' + milliseconds / 100);
  digits[1] = static_cast<char>('0' + milliseconds / 10 % 10);
  digits[2] = static_cast<char>('0' + milliseconds % 10);
  return {text_, size_};
}

void TimeStamp::begin_second(FineTime now) {
  timespec wall{};
  clock_gettime(CLOCK_REALTIME, &wall);
  // What has passed since `now` was read belongs to neither.
  const std::chrono::nanoseconds late = fine_now() - now;
  const std::chrono::nanoseconds at = std::chrono::seconds(wall.tv_sec) + std::chrono::nanoseconds(wall.tv_nsec) - late;
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  begin_ = now - (at - second);
  const time_t whole = second.count();
  tm parts{};
  gmtime_r(&whole, &parts);
  size_ = strftime(text_, sizeof text_, "%Y-%m-%dT%H:%M:%S.000Z", &parts);
}

}  // namespace ingress::broker
