#include "agent/ports/proc_reader.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/unit/temporary_folder.h"

using namespace ingress;
using namespace ingress::agent;

namespace fs = std::filesystem;

namespace {

// A /proc of the test's own, which has processes and nothing beside them, as one that is mounted with subset=pid.
struct Proc {
  Proc() {
    fs::create_directories(root() + "/self/net");
    tables({});
  }
  std::string root() const { return folder.file("proc"); }
  // What listens on every address of IPv4, or of IPv6: port and inode.
  void tables(const std::vector<ListeningSocket>& sockets, const std::string& name = "tcp") const {
    const std::string address = name == "tcp" ? "00000000" : std::string(32, '0');
    std::ofstream table(root() + "/self/net/" + name);
    table << "  sl  local_address\n";
    for (const ListeningSocket& socket : sockets) {
      char port[16];
      std::snprintf(port, sizeof port, ":%04X", static_cast<unsigned>(socket.port));
      table << "   0: " << address << port << " 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 "
            << socket.inode << " 1\n";
    }
  }
  void process(int id, const std::string& name, uint64_t inode) const {
    const std::string folder_of = root() + "/" + std::to_string(id);
    fs::create_directories(folder_of + "/fd");
    std::ofstream(folder_of + "/comm") << name << "\n";
    fs::remove(folder_of + "/fd/3");
    fs::create_symlink("socket:[" + std::to_string(inode) + "]", folder_of + "/fd/3");
  }

  TemporaryFolder folder;
};

std::string text_of(const ListeningPorts& found) {
  std::string text;
  for (const ListeningPort& port : found.ports) text += std::to_string(port.number) + "=" + port.process + " ";
  return text + (found.more ? "more" : "");
}

bool any(int) { return true; }

}  // namespace

TEST_CASE("ports come by number, once each, with the name of who listens") {
  const Proc proc;
  proc.tables({{8000, 22}, {3000, 11}, {8000, 23}, {5432, 33}});
  proc.process(100, "node", 11);
  proc.process(200, "python3", 23);
  ProcReader reader(any, proc.root());
  CHECK(text_of(reader.read()) == "3000=node 5432= 8000=python3 ");
}

TEST_CASE("ports of IPv4 and IPv6 are found in a /proc that holds processes alone") {
  const Proc proc;
  proc.tables({{3000, 11}});
  proc.tables({{4000, 12}}, "tcp6");
  ProcReader reader(any, proc.root());
  CHECK(text_of(reader.read()) == "3000= 4000= ");
}

TEST_CASE("ports that are not wanted are left out") {
  const Proc proc;
  proc.tables({{8080, 1}, {3000, 2}});
  ProcReader reader([](int port) { return port != 8080; }, proc.root());
  CHECK(text_of(reader.read()) == "3000= ");
}

TEST_CASE("a name is looked up when its socket is new, and not again") {
  const Proc proc;
  proc.tables({{3000, 11}});
  proc.process(100, "node", 11);
  ProcReader reader(any, proc.root());
  CHECK(text_of(reader.read()) == "3000=node ");
  proc.process(100, "other", 11);
  CHECK(text_of(reader.read()) == "3000=node ");
  proc.tables({{3000, 12}});
  proc.process(100, "other", 12);
  CHECK(text_of(reader.read()) == "3000=other ");
}

TEST_CASE("who was not found among very many descriptors is looked for again") {
  const Proc proc;
  proc.tables({{3000, 11}});
  proc.process(500, "node", 11);
  fs::create_directories(proc.root() + "/900/fd");
  for (size_t i = 0; i < ProcReader::kMostLinks; ++i)
    fs::create_symlink("/dev/null", proc.root() + "/900/fd/" + std::to_string(i));
  ProcReader reader(any, proc.root());
  CHECK(text_of(reader.read()) == "3000= ");
  fs::remove_all(proc.root() + "/900");
  CHECK(text_of(reader.read()) == "3000=node ");
}

TEST_CASE("a process that calls itself something unprintable is shown as text") {
  const Proc proc;
  proc.tables({{3000, 11}});
  proc.process(100, "a\x1b[2J\xff", 11);
  ProcReader reader(any, proc.root());
  CHECK(text_of(reader.read()) == "3000=a?[2J? ");
}

TEST_CASE("of very many ports the first are told, and that there are more") {
  const Proc proc;
  std::vector<ListeningSocket> sockets;
  sockets.reserve(600);
  for (int i = 0; i < 600; ++i) sockets.push_back({10000 + i, static_cast<uint64_t>(i + 1)});
  proc.tables(sockets);
  ProcReader reader(any, proc.root());
  const ListeningPorts found = reader.read();
  CHECK(found.ports.size() == ListeningPorts::kMost);
  CHECK(found.more);
  sockets.resize(512);
  proc.tables(sockets);
  CHECK_FALSE(reader.read().more);
}

TEST_CASE("without a /proc nothing listens") {
  ProcReader reader(any, "/nonexistent");
  CHECK(text_of(reader.read()).empty());
}
