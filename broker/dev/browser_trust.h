// Which CAs the browsers of this user go by: NSS databases, which `ingressctl cert trust` writes (ctl/trust_store.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ingress::broker::dev {

// Whether each database of Firefox and Chromium under `home` has all the certificates of these PEM files; nullopt where
// there is no database. Waits for no browser's lock: of a database that is being written it may say no.
std::optional<bool> browsers_trust(const std::string& home, const std::vector<std::string>& certificate_paths);

}  // namespace ingress::broker::dev
