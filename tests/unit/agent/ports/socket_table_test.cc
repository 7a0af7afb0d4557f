#include "agent/ports/socket_table.h"

#include <doctest/doctest.h>

#include <string>

using namespace ingress::agent;

namespace {

constexpr const char* kTitle =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

std::string line(const std::string& local, const std::string& state, const std::string& inode) {
  return "   0: " + local + " 00000000:0000 " + state + " 00000000:00000000 00:00000000 00000000  1000        0 " +
         inode + " 1 0000000000000000 100 0 0 10 0\n";
}

std::vector<ListeningSocket> read(const std::string& table) {
  std::vector<ListeningSocket> sockets;
  add_listening(table, sockets);
  return sockets;
}

using Sockets = std::vector<ListeningSocket>;

}  // namespace

TEST_CASE("sockets that listen on every address, on 127.0.0.1 or on [::1] are found") {
  const std::string table = kTitle + line("00000000:0BB8", "0A", "11") + line("0100007F:1F90", "0A", "12") +
                            line("00000000000000000000000000000000:0050", "0A", "13") +
                            line("00000000000000000000000001000000:FFFF", "0A", "14") +
                            line("0000000000000000FFFF00000100007F:0001", "0A", "15");
  CHECK(read(table) == Sockets{{3000, 11}, {8080, 12}, {80, 13}, {65535, 14}, {1, 15}});
}

TEST_CASE("what does not listen, or listens where the agent does not dial, is left out") {
  CHECK(read(kTitle + line("00000000:0BB8", "01", "11")).empty());
  CHECK(read(kTitle + line("0500000A:0BB8", "0A", "11")).empty());
  CHECK(read(kTitle + line("000080FE00000000000000000100000A:0BB8", "0A", "11")).empty());
  CHECK(read(kTitle + line("00000000:0000", "0A", "11")).empty());
}

TEST_CASE("a table that is cut off or is none at all says what it can") {
  const std::string whole = kTitle + line("00000000:0BB8", "0A", "11") + line("00000000:0BB9", "0A", "12");
  for (size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const Sockets found = read(whole.substr(0, size));
    CHECK(found.size() <= 1);
  }
  for (const char* text : {"", "\n", "\n\n\n", "0A 0A 0A 0A 0A\n", "0: 00000000 x 0A\n",
                           "0: 00000000:XYZ x 0A 1 1 1 1 1 1\n", "0: 00000000:10BB8 x 0A 1 1 1 1 1 1x\n"}) {
    CHECK(read(text).empty());
  }
}
