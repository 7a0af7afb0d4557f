// What the handlers of every noun stand on: the broker's parts, writes one after the other, reads, and URLs.
//
// A write that reads first (PATCH) must not lose another's change in between, so it has its turn alone: when all writes
// before it have been answered, and before any behind it begins. Others go side by side, and the store writes them to
// the disk together. Nothing is called back once the Api is gone, whatever the store still has under way.
// Thread: the loop's.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/admin/admin_server.h"
#include "broker/admin/answer.h"
#include "broker/admin/json_object.h"
#include "broker/admin/router.h"

namespace ingress::broker::admin {

class Api {
 public:
  explicit Api(const AdminParts& parts) : parts_(parts) {}
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  const AdminParts& parts() const { return parts_; }
  // As it is now: not to be kept.
  const RouteIndex& index() const { return parts_.routes->read(); }

  // Runs `job` alone. It answers once, by the Reply that it is given.
  void alone(Reply reply, std::function<void(const Reply&)> job);
  // Within a job: commits and answers with what `on_good` makes, after the change is durable and visible.
  void commit(const RequestPtr& request, const Reply& reply, std::vector<Change> changes,
              std::function<Answer()> on_good);
  // The same, with the store's word for the caller to judge.
  void commit(const RequestPtr& request, std::vector<Change> changes,
              std::function<void(const tl::expected<Commit, StoreError>&)> on_done);
  // Commits beside other writes, in its turn.
  void write(const RequestPtr& request, const Reply& reply, std::vector<Change> changes,
             std::function<Answer()> on_good);

  // A record as entity tags are made of it; nullopt where there is none.
  using RecordOf = std::function<std::optional<std::string>(const Snapshot&)>;
  // Within a job: goes on where there is no If-Match or it names the record's state, else answers 412.
  void if_matched(const RequestPtr& request, const Reply& reply, RecordOf record_of, std::function<void()> then);
  // write(), where if_matched() lets it.
  void write_if_matched(const RequestPtr& request, const Reply& reply, RecordOf record_of, std::vector<Change> changes,
                        std::function<Answer()> on_good);

  void with_snapshot(const Reply& reply, std::function<void(const Snapshot&)> on_good);
  void with_changes(const Reply& reply, int64_t since_revision, int limit,
                    std::function<void(const std::vector<ChangeRow>&)> on_good);

  void with_tunnels(std::function<void(const std::vector<TunnelInfo>&)> on_done);
  void close_tunnel(std::string_view id, std::function<void(bool)> on_done);
  void with_counts(std::function<void(const std::vector<LoopCounts>&)> on_done);
  void with_traffic(std::function<void(const std::vector<MachineRow>&)> on_done);

  // Adds "hosts" and "urls".
  void add_hosts(JsonObject& object, const std::vector<std::string>& hosts) const;
  // NAME.DOMAIN for each DOMAIN.
  std::vector<std::string> under_domains(std::string_view name) const;

 private:
  struct Job {
    bool alone;
    std::function<void()> run;
  };
  void enqueue(bool alone, Reply reply, std::function<void(const Reply&)> job);
  void start_jobs();
  void job_answered();

  AdminParts parts_;
  std::deque<Job> waiting_;
  size_t running_ = 0;
  bool running_alone_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

int64_t unix_seconds();
// `prefix` and 100 random bits as [a-z2-7].
std::string new_id(std::string_view prefix);
// 412 where If-Match names another state of the record.
std::optional<Answer> check_if_match(const Request& request, std::string_view record);

}  // namespace ingress::broker::admin
