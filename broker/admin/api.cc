#include "broker/admin/api.h"

#include <chrono>

#include "common/base/trim.h"
#include "common/tls/digest.h"

namespace ingress::broker::admin {

Api::Api(const AdminParts& parts)
    : parts_(parts), domains_(std::make_shared<const std::vector<std::string>>(parts.routes->read().domains())) {}

void Api::add_change(Router& router, std::string_view method, std::string_view path_template, Planner planner,
                     Takes takes) {
  Handler handler = [this, planner](const RequestPtr& request, const Reply& reply) {
    tl::expected<Operation, Answer> operation = planner(request);
    if (!operation) return reply(std::move(operation.error()));
    perform(request, reply, std::move(*operation));
  };
  router.add_change(method, path_template, std::move(planner), std::move(handler), takes);
}

void Api::perform(const RequestPtr& request, const Reply& reply, Operation operation) {
  const auto refused = std::make_shared<std::optional<Answer>>();
  const auto run = [request, refused, domains = domains_,
                    run = std::move(operation.run)](Draft& draft) -> tl::expected<void, StoreError> {
    Editor editor(draft, request->role, *domains);
    *refused = run(editor);
    if (!*refused) return {};
    return tl::unexpected(StoreError{Error{ErrorCode::kInvalidArgument, Side::kClient}, "refused"});
  };
  parts_.store->transact(request->actor, unix_milliseconds(), run,
                         [watch = std::weak_ptr<bool>(alive_), reply, refused,
                          answer = std::move(operation.answer)](const tl::expected<Commit, StoreError>& done) {
                           if (watch.expired()) return;
                           if (done) return reply(answer());
                           const bool of_ours = *refused && done.error().error.code == ErrorCode::kInvalidArgument;
                           reply(of_ours ? std::move(**refused) : problem_of(done.error()));
                         });
}

bool Api::shows(const Role& role, const std::string& machine) const {
  const Machine* known = index().machine(machine);
  if (known == nullptr || role.kind != RoleKind::kProject) return known != nullptr;
  return known->owner == role.project || index().is_on(role.project, known->id);
}

bool Api::still_admits(const Request& request) const {
  if (request.role.kind == RoleKind::kFull) return true;
  const AccessToken* token = index().access_token(request.actor);
  return token != nullptr && (token->expires_at == 0 || token->expires_at > unix_seconds());
}

void Api::read_tables(const Reply& reply, std::function<void(Tables&)> ask, std::function<void()> on_good) {
  parts_.store->read(std::move(ask),
                     [watch = std::weak_ptr<bool>(alive_), reply, on_good = std::move(on_good)](const Status& status) {
                       if (watch.expired()) return;
                       if (!status) return reply(problem_of(status.error()));
                       on_good();
                     });
}

void Api::with_tunnels(std::function<void(const std::vector<TunnelInfo>&)> on_done) {
  parts_.loops->list_tunnels(
      [watch = std::weak_ptr<bool>(alive_), on_done = std::move(on_done)](const std::vector<TunnelInfo>& tunnels) {
        if (!watch.expired()) on_done(tunnels);
      });
}

void Api::close_tunnel(std::string_view id, std::function<void(bool)> on_done) {
  parts_.loops->close_tunnel(id, [watch = std::weak_ptr<bool>(alive_), on_done = std::move(on_done)](bool closed) {
    if (!watch.expired()) on_done(closed);
  });
}

void Api::with_counts(std::function<void(const std::vector<LoopCounts>&)> on_done) {
  parts_.loops->count(
      [watch = std::weak_ptr<bool>(alive_), on_done = std::move(on_done)](const std::vector<LoopCounts>& counts) {
        if (!watch.expired()) on_done(counts);
      });
}

void Api::with_traffic(std::function<void(const std::vector<MachineRow>&)> on_done) {
  parts_.loops->list_traffic(
      [watch = std::weak_ptr<bool>(alive_), on_done = std::move(on_done)](const std::vector<MachineRow>& rows) {
        if (!watch.expired()) on_done(rows);
      });
}

void Api::add_hosts(JsonObject& object, const std::vector<std::string>& hosts) const {
  std::vector<std::string> urls;
  urls.reserve(hosts.size());
  for (const std::string& host : hosts) urls.push_back("https://" + host + parts_.public_https_port + "/");
  object.texts("hosts", hosts);
  object.texts("urls", urls);
}

std::vector<std::string> Api::under_domains(std::string_view name) const {
  std::vector<std::string> hosts;
  for (const std::string& domain : index().domains()) hosts.push_back(std::string(name) + "." + domain);
  return hosts;
}

int64_t unix_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

int64_t unix_milliseconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string new_id(std::string_view prefix) {
  constexpr size_t kLetters = 20;
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
  std::string id(prefix);
  for (const char byte : tls::random_bytes(kLetters)) id += kAlphabet[static_cast<unsigned char>(byte) & 31];
  return id;
}

std::string new_secret() {
  constexpr size_t kSecretBytes = 32;
  return tls::to_base64url(tls::random_bytes(kSecretBytes));
}

namespace {

// RFC 9110, 13.1.1: "*", or a list of entity tags, of which weak ones (W/"…") match nothing. Ours have no comma.
bool matches(std::string_view if_match, const std::string& record) {
  const std::string tag = entity_tag(record);
  while (true) {
    const size_t comma = if_match.find(',');
    const std::string_view element = trim_blanks(if_match.substr(0, comma));
    if (element == tag || element == "*") return true;
    if (comma == std::string_view::npos) return false;
    if_match.remove_prefix(comma + 1);
  }
}

}  // namespace

std::optional<Answer> check_if_match(const Request& request, const std::optional<std::string>& record) {
  if (request.if_match.empty()) return std::nullopt;
  if (!record) return problem(412, "precondition_failed", "there is no such record (If-Match)");
  if (matches(request.if_match, *record)) return std::nullopt;
  return problem(412, "precondition_failed", "the record was changed meanwhile: read it again (If-Match)");
}

}  // namespace ingress::broker::admin
