// The broker's certificates by ACME (where they are switched on) and its warnings before one ends: what App starts with
// the database and lets go of with it. Thread: the first loop's.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "broker/acme/certificate_desk.h"
#include "broker/config.h"
#include "common/dns/resolver.h"
#include "common/tls/tls_context.h"
#include "common/uv/loop.h"
#include "common/uv/timer.h"

namespace ingress::broker {

// A start without any certificate, which ACME allows: one that the broker signed itself stands in. A sentence where it
// can't be made.
std::string place_stand_in(const Config& config);

class CertificateService {
 public:
  // Both outlive it.
  CertificateService(uv::Loop& loop, const tls::ServerContext& served);

  // A sentence where it can't begin.
  std::string start(const Config& config, const Snapshot& snapshot);
  void apply(const Transaction& transaction);
  void set_tls_dir(const std::string& folder);

  acme::CertificateDesk* desk() { return desk_.get(); }  // null without ACME
  dns::Resolver& resolver() { return *resolver_; }

 private:
  void look_at_ends();

  uv::Loop& loop_;
  const tls::ServerContext& served_;
  std::unique_ptr<dns::Resolver> resolver_;
  std::unique_ptr<acme::CertificateDesk> desk_;
  uv::Timer timer_;
  std::map<std::string, long long> warned_at_;  // by path; Unix seconds
};

}  // namespace ingress::broker
