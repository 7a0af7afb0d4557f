// An exchange as one JSON object: a line of the access log, an event of `GET /v1/exchanges`. Its text is ASCII; a byte
// above 0x7f stands there as the character of its number. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "broker/observe/exchange_record.h"

namespace ingress::broker {

// No line of the record is longer.
size_t most_line_bytes(const ExchangeRecord& record);
// Writes it, without a newline, to memory that has as much room; returns its end. `time` is when it ended.
uint8_t* write_line(uint8_t* at, const ExchangeRecord& record, std::string_view time);

}  // namespace ingress::broker
