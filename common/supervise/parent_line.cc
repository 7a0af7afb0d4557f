#include "common/supervise/parent_line.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "common/base/hex.h"
#include "common/uv/inherited_fds.h"

namespace ingress::supervise {
namespace {

constexpr const char* kVariable = "INGRESS_PARENT_LINE";
constexpr const char* kWordsVariable = "INGRESS_PARENT_WORDS";

// The child's words.
constexpr char kBegins = 'b';
constexpr char kServes = 's';
constexpr char kIsNow = 'i';  // its name follows
constexpr char kLeaves = 'l';
// The parent's.
constexpr char kAlone = 'a';
constexpr char kNextServes = 'n';
// None: no further one comes.
constexpr char kEnd = 0;

struct Pipe {
  uv::OwnedFd reads;
  uv::OwnedFd writes;
};

std::optional<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return std::nullopt;
  return Pipe{uv::OwnedFd(ends[0]), uv::OwnedFd(ends[1])};
}

uv::OwnedFd take_inherited(const char* variable) {
  std::vector<uv::OwnedFd> fds = uv::take_inherited_fds(variable);
  return fds.empty() ? uv::OwnedFd() : std::move(fds.front());
}

// nullopt where none has come yet.
std::optional<char> next_word(const uv::OwnedFd& fd) {
  char word = kEnd;
  const ssize_t count = ::read(fd.get(), &word, 1);
  if (count < 0 && errno == EAGAIN) return std::nullopt;
  return count == 1 ? word : kEnd;
}

}  // namespace

ParentLine::ParentLine() : fd_(take_inherited(kVariable)), words_(take_inherited(kWordsVariable)) {
  if (words_.valid()) alone_ = next_word(words_) == kAlone;
}

// A pipe that nobody can read from any more is in error.
bool ParentLine::has_parent() const {
  pollfd at{fd_.get(), 0, 0};
  return fd_.valid() && ::poll(&at, 1, 0) == 0;
}

void ParentLine::listen(uv::Loop& loop, std::function<void()> on_alone, std::function<void()> on_next_serves) {
  if (!words_.valid()) return;
  auto watch = uv::FdWatch::watch(loop, words_.get(), [this](bool, bool) { on_readable(); });
  if (!watch) return;
  on_alone_ = std::move(on_alone);
  on_next_serves_ = std::move(on_next_serves);
  watch_ = std::move(*watch);
  watch_->set(true, false);
}

void ParentLine::on_readable() {
  const std::optional<char> word = next_word(words_);
  if (word == kEnd) watch_.reset();
  if (word == kAlone && !std::exchange(alone_, true)) on_alone_();
  if (word == kNextServes) on_next_serves_();
}

void ParentLine::begin() { say({&kBegins, 1}); }

void ParentLine::serves() {
  if (speaks()) say({&kServes, 1});
}

void ParentLine::rename(std::string_view name) {
  if (speaks()) say(kIsNow + to_hex(name));
}

void ParentLine::leave() { say({&kLeaves, 1}); }

// At once, or not at all: they are fewer than PIPE_BUF.
void ParentLine::say(std::string_view words) {
  if (!has_parent()) return;
  (void)!::write(fd_.get(), words.data(), words.size());  // a parent that is gone starts nobody
}

std::vector<uv::OwnedFd> ChildLine::equip(uv::Loop& loop, uv::ChildProgram& child, Heard heard) {
  std::optional<Pipe> of_child = make_pipe();
  std::optional<Pipe> of_parent = make_pipe();
  if (!of_child || !of_parent) return {};
  auto watch = uv::FdWatch::watch(loop, of_child->reads.get(), [this](bool, bool) { on_readable(); });
  if (!watch) return {};
  fd_ = std::move(of_child->reads);
  words_ = std::move(of_parent->writes);
  heard_ = std::move(heard);
  watch_ = std::move(*watch);
  watch_->set(true, false);
  child.inherit(kVariable, {of_child->writes.get()});
  child.inherit(kWordsVariable, {of_parent->reads.get()});
  std::vector<uv::OwnedFd> ends;
  ends.push_back(std::move(of_child->writes));
  ends.push_back(std::move(of_parent->reads));
  return ends;
}

// One word at a time: what it leads to may be the end of this. It may have ended without any.
void ChildLine::on_readable() {
  const std::optional<char> word = next_word(fd_);
  if (word == kEnd || word == kLeaves) watch_.reset();
  if (word == kIsNow) return hear_name();
  std::function<void()> told;
  if (word == kBegins) told = std::exchange(heard_.on_begin, nullptr);
  if (word == kServes) told = std::exchange(heard_.on_serve, nullptr);
  if (word == kLeaves) told = std::exchange(heard_.on_leave, nullptr);
  if (told) told();
}

void ChildLine::hear_name() {
  std::array<char, 2 * kNameBytes> text{};
  if (::read(fd_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return;
  const std::optional<std::string> name = from_hex({text.data(), text.size()});
  if (name) heard_.on_rename(*name);
}

void ChildLine::tell_alone() { tell(kAlone); }

void ChildLine::tell_next_serves() { tell(kNextServes); }

// A child that has ended, or that never reads, hears nothing: no harm.
void ChildLine::tell(char word) {
  if (words_.valid()) (void)!::write(words_.get(), &word, 1);
}

}  // namespace ingress::supervise
