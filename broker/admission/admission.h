// Judges each request by the policy that holds for it: who may come in, how often, and on which terms. One of each
// loop. Thread: the loop's.
#pragma once

#include <memory>
#include <optional>

#include "broker/admission/asked.h"
#include "broker/admission/inquiry.h"
#include "broker/admission/rate_table.h"
#include "broker/admission/terms.h"
#include "broker/routing/route_table.h"

namespace ingress::broker {

struct AdmissionSettings {
  std::string secrets_folder;  // of --secrets-dir, "" for none
  origin::TargetRule targets;
};

// What a judged request keeps while it runs.
struct Admitted {
  Terms terms;
  std::vector<std::unique_ptr<RateHold>> holds;
};

enum class Judged : uint8_t { kIn, kOut, kAsking };

class Admission {
 public:
  // All outlive it.
  Admission(uv::Loop& loop, const RouteTable& routes, AdmissionSettings settings);
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // Nothing is to be judged.
  static bool is_free(const Resolution& found) { return found.policy.plain() && found.policy.is_public(); }

  // kIn: `admitted` has the terms. kOut: `instead` has what is answered. kAsking: `inquiry` goes on asking, and calls
  // `on_done` later; `admitted` and what `asked` views stay until then.
  Judged judge(const Asked& asked, const Resolution& found, Admitted& admitted, Instead& instead,
               std::unique_ptr<Inquiry>& inquiry, Inquiry::OnDone on_done);

  void set(AdmissionSettings settings);

 private:
  bool may_by_rate(const Asked& asked, const Resolution& found, Admitted& admitted, Instead& instead);
  bool take_rate(const RateRule& rule, const std::string& name, const Error& why, const Asked& asked,
                 Admitted& admitted, Instead& instead);

  uv::Loop& loop_;
  const RouteTable& routes_;
  AdmissionSettings settings_;
  WebCaller caller_;
  KeyStore keys_;
  RateTable rates_;
};

}  // namespace ingress::broker
