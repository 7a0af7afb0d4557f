// /v1/certificates: what --tls-dir serves, and what the broker gets by ACME: how that stands, and asking for it.
// Thread: the loop's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/acme/certificate_desk.h"
#include "broker/admin/api.h"

namespace ingress::broker::admin {

class Certificates {
 public:
  explicit Certificates(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  // A certificate that is served, or is to be there, or both.
  struct Row {
    // The first of its names where the broker gets it, else its file's, without the ending where that is no other
    // row's.
    std::string name;
    const acme::Wanted* wanted = nullptr;
    const tls::Certificate* served = nullptr;
  };

  std::vector<Row> rows(const Role& role) const;
  std::optional<std::string> name_of_file(const tls::Certificate& file) const;
  std::optional<Row> row_of(const Request& request) const;
  std::string show(const Row& row) const;
  // "valid", "expires_soon", "expired", "missing", "failed", or what is under way.
  std::string_view state_of(const Row& row) const;
  void list(const RequestPtr& request, const Reply& reply);
  void get(const RequestPtr& request, const Reply& reply);
  void issue(const RequestPtr& request, const Reply& reply);

  Api& api_;
};

// The records that lead a custom domain to its project and show whose it is, as a JSON array.
std::string domain_records_json(const AdminParts& parts, const Domain& domain);

}  // namespace ingress::broker::admin
