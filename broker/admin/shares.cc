#include "broker/admin/shares.h"

#include "broker/admin/name_claims.h"
#include "broker/admin/object_reader.h"
#include "broker/admin/page.h"
#include "broker/admin/record_json.h"
#include "broker/routing/host_name.h"
#include "broker/routing/route_index.h"
#include "common/tls/digest.h"

namespace ingress::broker::admin {
namespace {

constexpr size_t kShareSecretBytes = 32;

// A path as a link's target has it.
std::string link_of(const Share& share, const std::string& port, const std::string& secret) {
  return "https://" + share.host + port + share.path + "?__share=" + share.id + "." + secret;
}

}  // namespace

void Shares::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/shares";
  constexpr std::string_view kOne = "/v1/shares/{id}";
  router.add(
      "GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); }, Audience::kProjects,
      Takes::kQuery);
  router.add(
      "GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); }, Audience::kProjects);
  api_.add_change(router, "POST", kAll, [this](const RequestPtr& request) { return create(request); });
  api_.add_change(router, "PATCH", kOne, [](const RequestPtr& request) { return update(request); });
  api_.add_change(router, "DELETE", kOne, [](const RequestPtr& request) { return remove(request); });
}

void Shares::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  RowFilter filter;
  filter.host = query.text("host");
  filter.project = query.text("project");
  filter.visible_to = request->role.project;
  if (const auto bad = query.finish()) return reply(*bad);
  api_.read<std::vector<Share>>(
      reply, [page, filter](Tables& tables) { return tables.shares_page(page.cursor, page.asked(), filter); },
      [page](const std::vector<Share>& rows) {
        return page_answer(
            rows, page, [](const Share& share) -> const std::string& { return share.id; },
            [](const Share& share) { return share_json(share).closed(); });
      });
}

tl::expected<Operation, Answer> Shares::create(const RequestPtr& request) {
  Share share;
  std::string host;
  const std::string secret = tls::to_base64url(tls::random_bytes(kShareSecretBytes));
  share.sha256 = tls::sha256_hex(secret);
  share.created_at = unix_seconds();
  ObjectReader in(request->body);
  in.required("host", host);
  in.text("path", share.path);
  in.text("label", share.label);
  in.expiry(share.created_at, share.expires_at);
  in.refuse_over(share.created_at, share.expires_at);
  HostName name;
  if (in.good() && !name.assign(host)) in.refuse("host", "is not a host");
  if (auto bad = in.finish()) return tl::unexpected(std::move(*bad));
  share.host = name.text();
  std::vector<std::string> steps;
  const auto resolved = api_.index().explain({share.host, share.path, share.created_at}, steps);
  if (!resolved) return tl::unexpected(leads_nowhere(share, request->role, resolved.error().detail));
  if (!may_share(*resolved, request->role)) {
    return tl::unexpected(problem(403, "forbidden", "\"host\" is not the project's to share"));
  }
  share.id = new_id(resolved->project.empty() ? kOtherShare : kProjectHostShare);
  share.machine = resolved->machine;
  share.port = resolved->port;
  // A route to a machine is no project's host: who may share it for its project is seen by the machine.
  share.project = resolved->project.empty() ? request->role.project : std::string(resolved->project);
  return Operation{[share](Editor& editor) { return editor.put(PutShare{share}); },
                   [this, share, secret] {
                     JsonObject object = share_json(share);
                     object.text("url", link_of(share, api_.parts().public_https_port, secret));
                     return created_answer("/v1/shares/" + share.id, std::move(object).take(),
                                           share_json(share).closed());
                   }};
}

// A host that is no project's leads by a machine or a route: whose that is may share it, and of the operator's the
// project that was given the machine, or that port of it. Whose a project's host is the store asks.
bool Shares::may_share(const Resolution& host, const Role& role) const {
  if (role.kind != RoleKind::kProject || !host.project.empty()) return true;
  if (!host.tenant.empty()) return host.tenant == role.project;
  return api_.index().is_on(role.project, host.machine, host.port);
}

// Why is for those whom the host concerns: it may name what is another's.
Answer Shares::leads_nowhere(const Share& share, const Role& role, const std::string& why) const {
  Resolution found;
  const bool leads = api_.index().resolve({share.host, share.path, share.created_at}, found).has_value();
  const auto& domains = api_.index().domains();
  const bool concerns = leads || role.kind != RoleKind::kProject || found.project == role.project ||
                        (may_name(share.host, role.project, domains) && !may_name(share.host, {}, domains));
  return problem(409, "conflict", concerns ? "\"host\" leads nowhere: " + why : "\"host\" leads nowhere");
}

void Shares::get(const RequestPtr& request, const Reply& reply) {
  using Found = std::optional<Share>;
  api_.read<Found>(
      reply,
      [request](Tables& tables) {
        Found share = tables.share(request->params[0]);
        return share && sees(request->role, share->project) ? share : std::nullopt;
      },
      [request](const Found& share) {
        if (!share) return not_found("share", request->params[0]);
        return resource_answer(200, share_json(*share).closed(), share_json(*share).closed());
      });
}

tl::expected<Operation, Answer> Shares::update(const RequestPtr& request) {
  const auto after = std::make_shared<Share>();
  return Operation{[request, after](Editor& editor) -> std::optional<Answer> {
                     std::optional<Share> share = editor.tables().share(request->params[0]);
                     if (!share || !sees(editor.role(), share->project)) return not_found("share", request->params[0]);
                     if (auto changed = check_if_match(*request, share_json(*share).closed())) return changed;
                     ObjectReader in(request->body);
                     in.text("label", share->label);
                     in.expiry(unix_seconds(), share->expires_at);
                     if (auto bad = in.finish()) return bad;
                     *after = *share;
                     return editor.put(PutShare{std::move(*share)});
                   },
                   [after] { return resource_answer(200, share_json(*after).closed(), share_json(*after).closed()); }};
}

tl::expected<Operation, Answer> Shares::remove(const RequestPtr& request) {
  return Operation{[request](Editor& editor) -> std::optional<Answer> {
                     const std::optional<Share> share = editor.tables().share(request->params[0]);
                     if (share && !sees(editor.role(), share->project)) return not_found("share", request->params[0]);
                     const auto record = share ? std::optional(share_json(*share).closed()) : std::nullopt;
                     if (auto changed = check_if_match(*request, record)) return changed;
                     return editor.put(DeleteShare{request->params[0]});
                   },
                   no_content};
}

}  // namespace ingress::broker::admin
