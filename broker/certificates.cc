#include "broker/certificates.h"

#include <utility>

#include "common/base/log.h"

namespace ingress::broker {

Certificates::Certificates(uv::Loop& loop, std::string folder)
    : loop_(loop),
      folder_(std::move(folder)),
      context_({"iterate-tunnel/1", "http/1.1"}),
      settle_(loop, [this] { static_cast<void>(load()); }) {}

Status Certificates::start() {
  auto watch = uv::FileWatch::watch(loop_, folder_, [this] { settle_.start(kSettle); });
  if (!watch) return tl::unexpected(watch.error());
  watch_ = std::move(*watch);
  return load();
}

Status Certificates::load() {
  const Status loaded = context_.load(folder_, [](const std::string& path, const Error& error) {
    log_warn("certificate_refused", {{"path", path}, {"error", describe(error)}});
  });
  if (!loaded) {
    log_error("certificates_failed", {{"folder", folder_}, {"error", describe(loaded.error())}});
    return loaded;
  }
  for (const tls::Certificate& certificate : context_.certificates()) {
    std::string names;
    for (const std::string& name : certificate.names) names += (names.empty() ? "" : ",") + name;
    log_info("certificate_loaded", {{"path", certificate.path}, {"names", names}});
  }
  return {};
}

}  // namespace ingress::broker
