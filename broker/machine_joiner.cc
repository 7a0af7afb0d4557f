#include "broker/machine_joiner.h"

#include <utility>

#include "broker/admin/api.h"
#include "broker/routing/index_nodes.h"
#include "broker/store/draft.h"
#include "common/base/log.h"

namespace ingress::broker {
namespace {

tl::unexpected<StoreError> refused(std::string sentence) {
  return tl::unexpected(
      StoreError{Error{ErrorCode::kConflict, Side::kClient, false, 0, "joining"}, std::move(sentence)});
}

}  // namespace

void StoreJoiner::start(uv::Loop& loop, Store& store) {
  loop_ = &loop;
  store_ = &store;
}

void StoreJoiner::join(std::string machine, std::string join_token, std::string sha256) {
  loop_->post([this, machine = std::move(machine), join_token = std::move(join_token), sha256 = std::move(sha256)] {
    make(machine, join_token, sha256);
  });
}

void StoreJoiner::make(const std::string& machine, const std::string& join_token, const std::string& sha256) {
  // Two that came at once were asked for it both.
  if (store_ == nullptr || !lately_refused(machine, join_token).empty() || !under_way_.insert(machine).second) return;
  const int64_t now = admin::unix_seconds();
  Machine made;
  made.id = machine;
  made.created_at = now;
  const Token key{admin::new_id("tok_"), machine, sha256, "by join token " + join_token, now};
  const auto project = std::make_shared<std::string>();
  const auto put_all = [made, key, join_token, now, project](Draft& draft) mutable -> tl::expected<void, StoreError> {
    std::optional<JoinToken> token = draft.tables().join_token(join_token);
    if (!token || token->uses_left == 0 || is_over(token->expires_at, now)) return refused("the token is used up");
    if (draft.tables().machine(made.id)) return refused("the machine is there already");
    made.owner = *project = token->project;
    if (auto done = draft.put(PutMachine{made, true}); !done) return done;
    if (auto done = draft.put(PutToken{key}); !done) return done;
    if (token->uses_left < 0) return {};
    --token->uses_left;
    return draft.put(PutJoinToken{std::move(*token)});
  };
  store_->transact(join_token, admin::unix_milliseconds(), put_all,
                   [this, machine, join_token, project](const tl::expected<Commit, StoreError>& done) {
                     under_way_.erase(machine);
                     if (done) return log_info("machine_joined", {{"machine", machine}});
                     on_refused(machine, join_token, *project, done.error());
                   });
}

void StoreJoiner::on_refused(const std::string& machine, const std::string& join_token, const std::string& project,
                             const StoreError& why) {
  log_warn("machine_join_refused", {{"machine", machine}, {"reason", why.detail}});
  // A store that cannot write now may be able to when its agent comes again.
  if (why.error.side != Side::kClient) return;
  // Of what is another's the agent is not told.
  const bool hidden = !why.neutral.empty() && why.holder != project;
  refusals_.add(machine, join_token, hidden ? why.neutral : why.detail, admin::unix_seconds());
}

std::string StoreJoiner::lately_refused(std::string_view machine, std::string_view join_token) const {
  return refusals_.why(machine, join_token, admin::unix_seconds());
}

}  // namespace ingress::broker
