#include "broker/admin/certificates.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "broker/admin/object_reader.h"
#include "broker/admin/page.h"
#include "common/tls/tls_context.h"

namespace ingress::broker::admin {
namespace {

constexpr int64_t kSoonSeconds = int64_t{14} * 24 * 3600;

std::string stem_of(const std::string& path) { return std::filesystem::path(path).stem().string(); }

void add_time(JsonObject& object, std::string_view name, int64_t unix_time) {
  object.text_or_null(name, unix_time == 0 ? std::string() : time_text(unix_time));
}

std::string records_json(const std::vector<acme::DnsRecord>& records) {
  JsonArray array;
  for (const acme::DnsRecord& record : records) {
    JsonObject object;
    object.text("type", record.type);
    object.text("name", record.name);
    object.text("value", record.value);
    array.add(std::move(object).take());
  }
  return std::move(array).take();
}

}  // namespace

std::string domain_records_json(const AdminParts& parts, const Domain& domain) {
  const std::string ownership = parts.desk == nullptr ? "" : parts.desk->table().ownership_of(domain.name);
  return records_json(
      acme::records_for(domain.name, domain.project, parts.routes->read().domains().front(), ownership));
}

void Certificates::add_to(Router& router) {
  constexpr std::string_view kOne = "/v1/certificates/{name}";
  router.add(
      "GET", "/v1/certificates", [this](const RequestPtr& request, const Reply& reply) { list(request, reply); },
      Audience::kProjects, Takes::kQuery);
  router.add(
      "GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); }, Audience::kProjects);
  router.add(
      "POST", "/v1/certificates/{name}/issue",
      [this](const RequestPtr& request, const Reply& reply) { issue(request, reply); }, Audience::kProjects);
}

// A row's name is its alone: the file of a wanted one's name that another outdoes there is told by its whole name.
std::optional<std::string> Certificates::name_of_file(const tls::Certificate& file) const {
  const AdminParts& parts = api_.parts();
  std::string stem = stem_of(file.path);
  if (parts.desk == nullptr || !parts.desk->wanted().contains(stem)) return stem;
  const tls::Certificate* served = parts.certificates->find(stem);
  if (served != nullptr && served->path == file.path) return std::nullopt;  // it is in the row of its name
  return std::filesystem::path(file.path).filename().string();
}

// A project's token sees those that are got for the project.
std::vector<Certificates::Row> Certificates::rows(const Role& role) const {
  const AdminParts& parts = api_.parts();
  std::vector<Row> rows;
  std::set<std::string> files;  // what has the place of a wanted one
  if (parts.desk != nullptr) {
    for (const auto& [name, wanted] : parts.desk->wanted()) {
      const tls::Certificate* served = parts.certificates == nullptr ? nullptr : parts.certificates->find(name);
      files.insert(parts.desk->crt_path(wanted));
      if (sees(role, wanted.project)) rows.push_back({name, &wanted, served});
    }
  }
  if (role.kind == RoleKind::kProject || parts.certificates == nullptr) return rows;
  for (const tls::Certificate& certificate : parts.certificates->certificates()) {
    // One of the broker's that another outdoes is in the row of its name.
    if (files.contains(certificate.path) && acme::source_of(certificate.path) != acme::Source::kFile) continue;
    if (std::optional<std::string> name = name_of_file(certificate)) {
      rows.push_back({std::move(*name), nullptr, &certificate});
    }
  }
  return rows;
}

std::optional<Certificates::Row> Certificates::row_of(const Request& request) const {
  for (const Row& row : rows(request.role)) {
    if (row.name == request.params[0]) return row;
  }
  return std::nullopt;
}

std::string_view Certificates::state_of(const Row& row) const {
  if (row.wanted != nullptr) {
    const acme::CertificateDesk& desk = *api_.parts().desk;
    if (const acme::Progress progress = desk.progress_of(row.name); progress != acme::Progress::kNone) {
      return name_of(progress);
    }
    if (desk.standing_of(row.name) != nullptr) return "failed";
  }
  const bool stands_in = row.served == nullptr || acme::source_of(row.served->path) == acme::Source::kPlaceholder;
  if (stands_in) return "missing";
  const int64_t left = row.served->expires_at - unix_seconds();
  return left <= 0 ? "expired" : left < kSoonSeconds ? "expires_soon" : "valid";
}

std::string Certificates::show(const Row& row) const {
  JsonObject object;
  object.text("name", row.name);
  object.texts("names", row.wanted != nullptr ? row.wanted->names : row.served->names);
  object.text("state", state_of(row));
  object.text("source", row.served == nullptr ? "none" : name_of(acme::source_of(row.served->path)));
  object.text_or_null("file", row.served == nullptr ? "" : row.served->path);
  object.text_or_null("issuer", row.served == nullptr ? "" : row.served->issuer);
  add_time(object, "expiresAt", row.served == nullptr ? 0 : row.served->expires_at);
  const acme::CertificateDesk* desk = api_.parts().desk;
  add_time(object, "renewAt", row.wanted == nullptr ? 0 : desk->renewal_of(*row.wanted));
  object.text_or_null("challenge", row.wanted == nullptr ? std::string_view() : name_of(row.wanted->challenge));
  object.text_or_null("project", row.wanted == nullptr ? "" : row.wanted->project);
  const acme::Standing* standing = row.wanted == nullptr ? nullptr : desk->standing_of(row.name);
  object.text_or_null("lastError", standing == nullptr ? "" : standing->last_error);
  add_time(object, "failedAt", standing == nullptr ? 0 : standing->failed_at);
  add_time(object, "nextTry", standing == nullptr ? 0 : standing->next_try);
  const bool custom = row.wanted != nullptr && row.wanted->challenge == acme::Challenge::kHttp01;
  object.raw("records", custom ? domain_records_json(api_.parts(), {row.name, row.wanted->project, 0}) : "[]");
  return std::move(object).take();
}

void Certificates::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  if (const auto bad = query.finish()) return reply(*bad);
  const auto key = [](const Row& row) -> const std::string& { return row.name; };
  const std::vector<Row> found = page_of(rows(request->role), page, key, [](const Row&) { return true; });
  reply(page_answer(found, page, key, [this](const Row& row) { return show(row); }));
}

void Certificates::get(const RequestPtr& request, const Reply& reply) {
  const std::optional<Row> row = row_of(*request);
  reply(row ? json_answer(200, show(*row)) : not_found("certificate", request->params[0]));
}

void Certificates::issue(const RequestPtr& request, const Reply& reply) {
  bool renew = false;
  ObjectReader in(request->body);
  in.boolean("renew", renew);
  if (const auto bad = in.finish()) return reply(*bad);
  const std::optional<Row> row = row_of(*request);
  if (!row) return reply(not_found("certificate", request->params[0]));
  if (row->wanted == nullptr) {
    return reply(problem(409, "not_by_acme", row->name + " is a file of the operator's: the broker does not get it"));
  }
  acme::CertificateDesk& desk = *api_.parts().desk;
  const int64_t wait = desk.rates_allow(*row->wanted) - unix_seconds();
  if (wait > 0) {
    Answer answer = problem(429, "rate_limited",
                            "as many orders as an hour may have were made (--acme-orders, "
                            "--acme-project-orders)");
    answer.fields.emplace_back("Retry-After", std::to_string(wait));
    return reply(std::move(answer));
  }
  desk.ask_for(row->name, renew);
  const std::optional<Row> now = row_of(*request);
  reply(json_answer(202, show(now ? *now : *row)));
}

}  // namespace ingress::broker::admin
