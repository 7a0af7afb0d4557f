#include "broker/admin/api.h"

#include <chrono>

#include "common/tls/digest.h"

namespace ingress::broker::admin {

void Api::alone(Reply reply, std::function<void(const Reply&)> job) { enqueue(true, std::move(reply), std::move(job)); }

void Api::enqueue(bool alone, Reply reply, std::function<void(const Reply&)> job) {
  const Reply answered = [this, watch = std::weak_ptr<bool>(alive_), reply = std::move(reply)](Answer answer) {
    reply(std::move(answer));
    if (!watch.expired()) job_answered();
  };
  waiting_.push_back({alone, [answered, job = std::move(job)] { job(answered); }});
  start_jobs();
}

void Api::start_jobs() {
  while (!waiting_.empty() && !running_alone_ && (running_ == 0 || !waiting_.front().alone)) {
    ++running_;
    running_alone_ = waiting_.front().alone;
    // From the loop, so that a row of jobs that answer at once does not pile up on the stack.
    parts_.loop->defer([watch = std::weak_ptr<bool>(alive_), run = std::move(waiting_.front().run)] {
      if (!watch.expired()) run();
    });
    waiting_.pop_front();
  }
}

void Api::job_answered() {
  --running_;
  running_alone_ = false;
  start_jobs();
}

void Api::commit(const RequestPtr& request, std::vector<Change> changes,
                 std::function<void(const tl::expected<Commit, StoreError>&)> on_done) {
  using std::chrono::system_clock;
  const auto now = system_clock::now().time_since_epoch();
  Transaction transaction;
  transaction.actor = request->actor;
  transaction.at = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  transaction.changes = std::move(changes);
  parts_.store->commit(std::move(transaction), [watch = std::weak_ptr<bool>(alive_), on_done = std::move(on_done)](
                                                   const tl::expected<Commit, StoreError>& done) {
    if (!watch.expired()) on_done(done);
  });
}

void Api::commit(const RequestPtr& request, const Reply& reply, std::vector<Change> changes,
                 std::function<Answer()> on_good) {
  commit(request, std::move(changes),
         [reply, on_good = std::move(on_good)](const tl::expected<Commit, StoreError>& done) {
           reply(done ? on_good() : problem_of(done.error()));
         });
}

void Api::write(const RequestPtr& request, const Reply& reply, std::vector<Change> changes,
                std::function<Answer()> on_good) {
  enqueue(false, reply, [this, request, changes = std::move(changes), on_good = std::move(on_good)](const Reply& done) {
    commit(request, done, changes, on_good);
  });
}

void Api::if_matched(const RequestPtr& request, const Reply& reply, RecordOf record_of, std::function<void()> then) {
  if (request->if_match.empty()) return then();
  with_snapshot(reply, [request, reply, record_of = std::move(record_of), then = std::move(then)](const Snapshot& now) {
    const std::optional<std::string> record = record_of(now);
    if (!record) return reply(problem(412, "precondition_failed", "there is no such record (If-Match)"));
    if (const auto changed = check_if_match(*request, *record)) return reply(*changed);
    then();
  });
}

void Api::write_if_matched(const RequestPtr& request, const Reply& reply, RecordOf record_of,
                           std::vector<Change> changes, std::function<Answer()> on_good) {
  if (request->if_match.empty()) return write(request, reply, std::move(changes), std::move(on_good));
  alone(reply, [this, request, record_of = std::move(record_of), changes = std::move(changes),
                on_good = std::move(on_good)](const Reply& done) {
    if_matched(request, done, record_of,
               [this, request, done, changes, on_good] { commit(request, done, changes, on_good); });
  });
}

void Api::with_snapshot(const Reply& reply, std::function<void(const Snapshot&)> on_good) {
  parts_.store->snapshot(
      [watch = std::weak_ptr<bool>(alive_), reply, on_good = std::move(on_good)](const Result<Snapshot>& snapshot) {
        if (watch.expired()) return;
        if (!snapshot) return reply(problem_of(snapshot.error()));
        on_good(*snapshot);
      });
}

void Api::with_changes(const Reply& reply, int64_t since_revision, int limit,
                       std::function<void(const std::vector<ChangeRow>&)> on_good) {
  parts_.store->list_changes(since_revision, limit,
                             [watch = std::weak_ptr<bool>(alive_), reply,
                              on_good = std::move(on_good)](const Result<std::vector<ChangeRow>>& rows) {
                               if (watch.expired()) return;
                               if (!rows) return reply(problem_of(rows.error()));
                               on_good(*rows);
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

std::string new_id(std::string_view prefix) {
  constexpr size_t kLetters = 20;
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
  std::string id(prefix);
  for (const char byte : tls::random_bytes(kLetters)) id += kAlphabet[static_cast<unsigned char>(byte) & 31];
  return id;
}

std::optional<Answer> check_if_match(const Request& request, std::string_view record) {
  if (request.if_match.empty() || request.if_match == "*") return std::nullopt;
  if (request.if_match.find(entity_tag(record)) != std::string::npos) return std::nullopt;
  return problem(412, "precondition_failed", "the record was changed meanwhile: read it again (If-Match)");
}

}  // namespace ingress::broker::admin
