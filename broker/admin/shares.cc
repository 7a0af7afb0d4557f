#include "broker/admin/shares.h"

#include "broker/admin/object_reader.h"
#include "broker/admin/page.h"
#include "broker/admin/record_json.h"
#include "broker/routing/host_name.h"
#include "broker/routing/route_index.h"
#include "common/tls/digest.h"

namespace ingress::broker::admin {
namespace {

constexpr size_t kSecretBytes = 32;

const Share* find_share(const Snapshot& snapshot, const std::string& id) {
  return find_row(snapshot.shares, [&id](const Share& row) { return row.id == id; });
}

// A path as a link's target has it.
std::string link_of(const Share& share, const std::string& port, const std::string& secret) {
  return "https://" + share.host + port + share.path + "?__share=" + share.id + "." + secret;
}

}  // namespace

void Shares::add_to(Router& router) {
  constexpr std::string_view kAll = "/v1/shares";
  constexpr std::string_view kOne = "/v1/shares/{id}";
  router.add("GET", kAll, [this](const RequestPtr& request, const Reply& reply) { list(request, reply); });
  router.add("POST", kAll, [this](const RequestPtr& request, const Reply& reply) { create(request, reply); });
  router.add("GET", kOne, [this](const RequestPtr& request, const Reply& reply) { get(request, reply); });
  router.add("PATCH", kOne, [this](const RequestPtr& request, const Reply& reply) { update(request, reply); });
  router.add("DELETE", kOne, [this](const RequestPtr& request, const Reply& reply) { remove(request, reply); });
}

void Shares::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  const std::string host = query.text("host");
  const std::string project = query.text("project");
  if (const auto bad = query.finish()) return reply(*bad);
  api_.with_snapshot(reply, [page, host, project, reply](const Snapshot& snapshot) {
    reply(page_answer(
        snapshot.shares, page, [](const Share& share) -> const std::string& { return share.id; },
        [&host, &project](const Share& share) {
          return (host.empty() || share.host == host) && (project.empty() || share.project == project);
        },
        [](const Share& share) { return share_json(share).closed(); }));
  });
}

void Shares::create(const RequestPtr& request, const Reply& reply) {
  Share share;
  std::string host;
  const std::string secret = tls::to_base64url(tls::random_bytes(kSecretBytes));
  share.id = new_id("sh_");
  share.sha256 = tls::sha256_hex(secret);
  share.created_at = unix_seconds();
  ObjectReader in(request->body);
  in.required("host", host);
  in.text("path", share.path);
  in.text("label", share.label);
  in.expiry(share.created_at, share.expires_at);
  HostName name;
  std::vector<std::string> steps;
  if (in.good() && !name.assign(host)) in.refuse("host", "is not a host");
  if (const auto bad = in.finish()) return reply(*bad);
  share.host = name.text();
  const auto resolved = api_.index().explain({share.host, share.path, share.created_at}, steps);
  if (!resolved) return reply(problem(409, "conflict", "\"host\" leads nowhere: " + resolved.error().detail));
  share.machine = resolved->machine;
  share.port = resolved->port;
  share.project = resolved->project;
  api_.write(request, reply, {PutShare{share}}, [this, share, secret] {
    JsonObject object = share_json(share);
    object.text("url", link_of(share, api_.parts().public_https_port, secret));
    return created_answer("/v1/shares/" + share.id, std::move(object).take(), share_json(share).closed());
  });
}

void Shares::get(const RequestPtr& request, const Reply& reply) {
  api_.with_snapshot(reply, [request, reply](const Snapshot& snapshot) {
    const Share* share = find_share(snapshot, request->params[0]);
    if (share == nullptr) return reply(not_found("share", request->params[0]));
    reply(resource_answer(200, share_json(*share).closed(), share_json(*share).closed()));
  });
}

void Shares::update(const RequestPtr& request, const Reply& reply) {
  api_.alone(reply, [this, request](const Reply& done) {
    api_.with_snapshot(done, [this, request, done](const Snapshot& snapshot) {
      const Share* current = find_share(snapshot, request->params[0]);
      if (current == nullptr) return done(not_found("share", request->params[0]));
      if (const auto changed = check_if_match(*request, share_json(*current).closed())) return done(*changed);
      Share share = *current;
      ObjectReader in(request->body);
      in.text("label", share.label);
      in.expiry(unix_seconds(), share.expires_at);
      if (const auto bad = in.finish()) return done(*bad);
      api_.commit(request, done, {PutShare{share}},
                  [share] { return resource_answer(200, share_json(share).closed(), share_json(share).closed()); });
    });
  });
}

void Shares::remove(const RequestPtr& request, const Reply& reply) {
  const auto record = [id = request->params[0]](const Snapshot& now) {
    return record_where(now.shares, share_json, [&id](const Share& row) { return row.id == id; });
  };
  api_.write_if_matched(request, reply, record, {DeleteShare{request->params[0]}}, no_content);
}

}  // namespace ingress::broker::admin
