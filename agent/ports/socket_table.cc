#include "agent/ports/socket_table.h"

#include <array>
#include <bit>
#include <charconv>

namespace ingress::agent {
namespace {

constexpr std::string_view kListen = "0A";

// An address as the kernel prints it: 32-bit words in the machine's order of bytes.
struct Spelling {
  std::string_view little;
  std::string_view big;
};
constexpr std::array<Spelling, 6> kReached = {{
    {"00000000", "00000000"},                                                  // 0.0.0.0
    {"0100007F", "7F000001"},                                                  // 127.0.0.1
    {"00000000000000000000000000000000", "00000000000000000000000000000000"},  // [::]
    {"00000000000000000000000001000000", "00000000000000000000000000000001"},  // [::1]
    {"0000000000000000FFFF000000000000", "00000000000000000000FFFF00000000"},  // [::ffff:0.0.0.0]
    {"0000000000000000FFFF00000100007F", "00000000000000000000FFFF7F000001"},  // [::ffff:127.0.0.1]
}};

bool is_reached(std::string_view address) {
  for (const Spelling& each : kReached) {
    if (address == (std::endian::native == std::endian::little ? each.little : each.big)) return true;
  }
  return false;
}

// Takes the next word off the line's front; empty at its end.
std::string_view next_word(std::string_view& line) {
  const size_t begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  line.remove_prefix(begin);
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

template <class Number>
bool read(std::string_view text, Number& number, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size();
}

// "  0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 …"
void add_line(std::string_view line, std::vector<ListeningSocket>& sockets) {
  constexpr int kWordsToInode = 5;  // queues, timer, retransmits, user, time-out
  constexpr int kHex = 16;
  constexpr int kDecimal = 10;
  next_word(line);
  const std::string_view local = next_word(line);
  next_word(line);
  if (next_word(line) != kListen) return;
  const size_t colon = local.find(':');
  if (colon == std::string_view::npos || !is_reached(local.substr(0, colon))) return;
  for (int i = 0; i < kWordsToInode; ++i) next_word(line);
  ListeningSocket socket;
  if (!read(local.substr(colon + 1), socket.port, kHex) || socket.port == 0) return;
  if (read(next_word(line), socket.inode, kDecimal)) sockets.push_back(socket);
}

}  // namespace

void add_listening(std::string_view table, std::vector<ListeningSocket>& sockets) {
  while (!table.empty()) {
    const size_t end = table.find('\n');
    if (end == std::string_view::npos) return;
    add_line(table.substr(0, end), sockets);
    table.remove_prefix(end + 1);
  }
}

}  // namespace ingress::agent
