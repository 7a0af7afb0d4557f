#include "broker/certificates.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "common/base/log.h"

namespace ingress::broker {
namespace {

// Of some that are in the order of their paths.
const tls::Certificate* of_path(const std::vector<tls::Certificate>& all, const std::string& path) {
  const auto before = [](const tls::Certificate& each, const std::string& to) { return each.path < to; };
  const auto found = std::lower_bound(all.begin(), all.end(), path, before);
  return found != all.end() && found->path == path ? &*found : nullptr;
}

std::string joined_names(const tls::Certificate& certificate) {
  std::string names;
  for (const std::string& name : certificate.names) names += (names.empty() ? "" : ",") + name;
  return names;
}

}  // namespace

Certificates::Certificates(uv::Loop& loop, std::string folder, bool told)
    : loop_(loop),
      folder_(std::move(folder)),
      told_(told),
      context_({"iterate-tunnel/1", "h2", "http/1.1"}),
      settle_(loop, [this] { static_cast<void>(load(Tell::kChanges)); }),
      look_(loop, [this] { look(); }) {}

Status Certificates::start(const tls::TicketKeyMemory& tickets) {
  context_.use_ticket_keys(tickets);
  look_.start(kLook, kLook);
  look_.unref();
  return begin();
}

Status Certificates::move_to(const std::string& folder) {
  const std::string before = std::exchange(folder_, folder);
  const Status loaded = begin();
  if (!loaded && watch_ == nullptr) {  // it is not there
    folder_ = before;
    watch();
  }
  return loaded;
}

Status Certificates::begin() {
  const Status loaded = load(Tell::kAll);
  if (loaded && watch_ == nullptr && told_) {
    constexpr const char* kHint = "its files are looked at again and again; see fs.inotify.max_user_instances";
    log_warn("certificates_not_watched", {{"folder", folder_}, {"hint", kHint}});
  }
  return loaded;
}

void Certificates::watch() {
  // Before it: that the path leads elsewhere in between is then seen by look().
  stamps_.remember_folder(folder_);
  auto watch = uv::FileWatch::watch(loop_, folder_, [this] { on_change(); });
  watch_ = watch ? std::move(*watch) : nullptr;
  stamps_.remember_files(watch_ != nullptr);
}

void Certificates::on_change() {
  if (settling_) return;
  settling_ = true;
  settle_.start(kSettle);
}

void Certificates::look() {
  context_.choose_at(std::time(nullptr));
  if (stamps_.folder_moved() || stamps_.changed()) on_change();
}

Status Certificates::load(Tell what) {
  settling_ = false;
  watch();
  const std::vector<tls::Certificate> before = told_ ? context_.certificates() : std::vector<tls::Certificate>();
  std::set<std::string> refused;
  const Status loaded = context_.load(folder_, [this, &refused](const std::string& path, const Error& error) {
    refused.insert(path);
    if (told_) log_warn("certificate_refused", {{"path", path}, {"error", describe(error)}});
  });
  if (!loaded) {
    log_error("certificates_failed", {{"folder", folder_}, {"error", describe(loaded.error())}});
    return loaded;
  }
  if (told_) tell(what, before, refused);
  return {};
}

void Certificates::tell(Tell what, const std::vector<tls::Certificate>& before,
                        const std::set<std::string>& refused) const {
  const std::vector<tls::Certificate>& now = context_.certificates();
  for (const tls::Certificate& each : now) {
    // Of a file that is refused the one from before is served on.
    const bool kept = refused.contains(each.path);
    const tls::Certificate* const former = of_path(before, each.path);
    const bool same = former != nullptr && former->context == each.context;
    if (same && !kept && what == Tell::kChanges) continue;
    log_info(kept ? "certificate_kept" : "certificate_loaded", {{"path", each.path}, {"names", joined_names(each)}});
  }
  for (const tls::Certificate& each : before) {
    if (of_path(now, each.path) == nullptr) log_info("certificate_removed", {{"path", each.path}});
  }
}

}  // namespace ingress::broker
