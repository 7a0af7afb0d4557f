#include "broker/dev/screen.h"

#include <algorithm>
#include <utility>

namespace ingress::broker::dev {
namespace {

// What has scrolled out of sight is the shell's, and stays.
constexpr const char* kClear = "\x1b[H\x1b[2J";

std::string padded(const std::string& text, size_t width) {
  return text.size() >= width ? text + " " : text + std::string(width - text.size(), ' ');
}

std::string what_it_is(const LandingEntry& entry) {
  std::string text = entry.name.empty() ? "" : entry.name + ", ";
  text += "port " + std::to_string(entry.port);
  if (!entry.listening) return text + " (nothing listens yet)";
  return entry.process.empty() ? text : text + " (" + entry.process + ")";
}

std::string line_of(const LandingEntry& entry, size_t width) {
  return "  " + padded(entry.url, width) + what_it_is(entry) + "\n";
}

std::string trust_lines(const ScreenFacts& facts, const std::string& url) {
  const Trust& trust = facts.trust;
  std::string text;
  if (!trust.browsers) {
    text = "Browsers warn until the local CA is trusted:  " + facts.trust_command + "\n";
  } else if (!trust.system) {
    text = "Browsers trust the local CA. For curl and other programs:  " + facts.system_trust_command + "\n";
  }
  if (!trust.system) text += "or, for one program:  curl --cacert " + facts.bundle_path + " " + url + "\n";
  return text;
}

// A terminal is its user's own; what else the screen is written to may be read by others.
std::string dashboard_line(const ScreenFacts& facts) {
  if (!facts.dashboard_login.empty()) return "Dashboard:  " + facts.dashboard_login + "\n";
  return "Dashboard:  " + facts.dashboard + "  (its token: " + facts.token_path + ")\n";
}

}  // namespace

std::string draw(const ScreenFacts& facts, const std::vector<LandingEntry>& entries) {
  size_t width = std::max(facts.any_port_url.size(), facts.machine_url.size()) + 2;
  for (const LandingEntry& entry : entries) width = std::max(width, entry.url.size() + 2);
  std::string text = "ingress-broker dev " + facts.version + "\n\n";
  for (const LandingEntry& entry : entries) text += line_of(entry, width);
  text += "  " + padded(facts.any_port_url, width) + "any port N, as soon as something listens there\n";
  text += "  " + padded(facts.machine_url, width) + "this machine, as a broker on an edge VM names it\n";
  for (const std::string& url : facts.own_names) text += "  " + url + "\n";
  for (const std::string& url : facts.lan_urls) text += "  " + padded(url, width) + "from other devices\n";
  text += "\n";
  text += trust_lines(facts, entries.front().url);
  if (!facts.dashboard.empty()) text += dashboard_line(facts);
  text += "ingressctl: export INGRESS_ADMIN=" + facts.admin + "\n";
  return text + "Ctrl-C ends it.\n";
}

std::string draw_changes(const std::vector<LandingEntry>& before, const std::vector<LandingEntry>& now) {
  const auto same_place = [](const LandingEntry& a, const LandingEntry& b) { return a.url == b.url; };
  std::string text;
  for (const LandingEntry& entry : now) {
    const auto found =
        std::find_if(before.begin(), before.end(), [&](const LandingEntry& other) { return same_place(entry, other); });
    if (found != before.end() && *found == entry) continue;
    text += (entry.listening ? "+ " : "- ") + entry.url + "  " + what_it_is(entry) + "\n";
  }
  for (const LandingEntry& entry : before) {
    const bool gone =
        std::none_of(now.begin(), now.end(), [&](const LandingEntry& other) { return same_place(entry, other); });
    if (gone) text += "- " + entry.url + "  port " + std::to_string(entry.port) + "\n";
  }
  return text;
}

Screen::Screen(ScreenFacts facts, int fd) : facts_(std::move(facts)), output_(fd), terminal_(isatty(fd) == 1) {
  if (!terminal_) facts_.dashboard_login.clear();
}

void Screen::show(std::vector<LandingEntry> entries, Trust trust) {
  if (!output_.finish()) return;
  if (drawn_ && entries == shown_ && trust == facts_.trust) return;
  const Trust shown_trust = std::exchange(facts_.trust, trust);
  std::string text;
  if (!drawn_ || terminal_) {
    text = (terminal_ ? kClear : "") + draw(facts_, entries);
  } else {
    text = draw_changes(shown_, entries);
  }
  if (!output_.begin(std::move(text))) {
    facts_.trust = shown_trust;
    return;
  }
  shown_ = std::move(entries);
  drawn_ = true;
}

}  // namespace ingress::broker::dev
