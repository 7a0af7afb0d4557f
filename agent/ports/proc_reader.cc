#include "agent/ports/proc_reader.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <utility>

namespace ingress::agent {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLongestName = 64;
constexpr size_t kPieceBytes = size_t{16} * 1024;

std::string head_of(const std::string& path, size_t most_bytes) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  while (file && text.size() < most_bytes) {
    const size_t have = text.size();
    text.resize(std::min(have + kPieceBytes, most_bytes));
    file.read(text.data() + have, static_cast<std::streamsize>(text.size() - have));
    text.resize(have + static_cast<size_t>(file.gcount()));
  }
  return text;
}

// Process ids, the newest first: who has just begun to listen is most often one of them.
std::vector<int> process_ids(const std::string& root) {
  std::vector<int> ids;
  std::error_code error;
  for (fs::directory_iterator entry(root, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    int id = 0;
    const auto [last, failed] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (failed == std::errc() && last == name.data() + name.size()) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end(), std::greater<>());
  return ids;
}

// "socket:[12345]"
uint64_t inode_of(const std::string& link) {
  constexpr std::string_view kSocket = "socket:[";
  uint64_t inode = 0;
  if (link.starts_with(kSocket)) std::from_chars(link.data() + kSocket.size(), link.data() + link.size(), inode);
  return inode;
}

}  // namespace

ProcReader::ProcReader(std::function<bool(int port)> wanted, std::string root)
    : wanted_(std::move(wanted)), root_(std::move(root)) {}

ListeningPorts ProcReader::read() {
  std::vector<ListeningSocket> sockets;
  // Not /proc/net, which a /proc of processes alone (ProcSubset=pid, subset=pid) has not.
  add_listening(head_of(root_ + "/self/net/tcp", kMostTableBytes), sockets);
  add_listening(head_of(root_ + "/self/net/tcp6", kMostTableBytes), sockets);
  std::erase_if(sockets, [this](const ListeningSocket& socket) { return !wanted_(socket.port); });
  std::stable_sort(sockets.begin(), sockets.end(),
                   [](const ListeningSocket& a, const ListeningSocket& b) { return a.port < b.port; });
  name_new(sockets);
  ListeningPorts found;
  for (const ListeningSocket& socket : sockets) {
    const std::string& name = names_[socket.inode].text;
    if (!found.ports.empty() && found.ports.back().number == socket.port) {
      if (found.ports.back().process.empty()) found.ports.back().process = name;
      continue;
    }
    found.more = found.ports.size() == ListeningPorts::kMost;
    if (found.more) break;
    found.ports.push_back({socket.port, name});
  }
  return found;
}

void ProcReader::name_new(const std::vector<ListeningSocket>& sockets) {
  std::unordered_map<uint64_t, Name> names;
  std::unordered_map<uint64_t, Name*> unnamed;
  for (const ListeningSocket& socket : sockets) {
    Name& name = names[socket.inode];
    if (const auto known = names_.find(socket.inode); known != names_.end()) name = known->second;
    if (name.looks_left > 0) unnamed.emplace(socket.inode, &name);
  }
  names_ = std::move(names);  // its nodes stay where they are
  if (unnamed.empty()) return;
  size_t links = 0;
  for (const int id : process_ids(root_)) {
    if (unnamed.empty()) return;
    if (look_into(std::to_string(id), unnamed, links)) continue;
    // Who could not be looked for to the end is looked for again.
    for (const auto& [_, name] : unnamed) --name->looks_left;
    return;
  }
  for (const auto& [_, name] : unnamed) name->looks_left = 0;
}

bool ProcReader::look_into(const std::string& process, std::unordered_map<uint64_t, Name*>& unnamed,
                           size_t& links) const {
  std::error_code error;
  // The folders of others' processes can't be read.
  if (++links > kMostLinks) return false;
  for (fs::directory_iterator entry(root_ + "/" + process + "/fd", error), end; !error && entry != end;
       entry.increment(error)) {
    if (++links > kMostLinks) return false;
    std::error_code unreadable;
    const auto found = unnamed.find(inode_of(fs::read_symlink(entry->path(), unreadable).string()));
    if (unreadable || found == unnamed.end()) continue;
    *found->second = {command_of(process), 0};
    unnamed.erase(found);
  }
  return true;
}

std::string ProcReader::command_of(const std::string& process) const {
  std::string name = head_of(root_ + "/" + process + "/comm", kLongestName);
  name.erase(std::find(name.begin(), name.end(), '\n'), name.end());
  // A process chooses its own name.
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return name;
}

}  // namespace ingress::agent
