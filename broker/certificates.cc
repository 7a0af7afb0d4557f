#include "broker/certificates.h"

#include <ctime>
#include <set>
#include <string>
#include <utility>

#include "common/base/log.h"

namespace ingress::broker {

Certificates::Certificates(uv::Loop& loop, std::string folder, bool told)
    : loop_(loop),
      folder_(std::move(folder)),
      told_(told),
      context_({"iterate-tunnel/1", "h2", "http/1.1"}),
      settle_(loop, [this] { static_cast<void>(load()); }),
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
  const Status loaded = load();
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

Status Certificates::load() {
  settling_ = false;
  watch();
  std::set<std::string> refused;
  const Status loaded = context_.load(folder_, [this, &refused](const std::string& path, const Error& error) {
    refused.insert(path);
    if (told_) log_warn("certificate_refused", {{"path", path}, {"error", describe(error)}});
  });
  if (!loaded) {
    log_error("certificates_failed", {{"folder", folder_}, {"error", describe(loaded.error())}});
    return loaded;
  }
  if (!told_) return {};
  for (const tls::Certificate& certificate : context_.certificates()) {
    std::string names;
    for (const std::string& name : certificate.names) names += (names.empty() ? "" : ",") + name;
    // Of a file that is refused the one from before is served on.
    const bool kept = refused.contains(certificate.path);
    log_info(kept ? "certificate_kept" : "certificate_loaded", {{"path", certificate.path}, {"names", names}});
  }
  return {};
}

}  // namespace ingress::broker
