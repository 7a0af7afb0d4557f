#include "broker/store/followed_changes.h"

#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "broker/store/json_records.h"
#include "broker/store/record_rules.h"
#include "broker/store/schema.h"
#include "broker/store/tables.h"

namespace ingress::broker {
namespace {

using nlohmann::json;

// "misha/docs" in two; "" behind a text without the mark.
std::pair<std::string, std::string> split(const std::string& text, char mark) {
  const size_t at = text.find(mark);
  return {text.substr(0, at), at == std::string::npos ? std::string() : text.substr(at + 1)};
}

// Adds what a row tells of. Each way is false where this program can't read it.
class ChangeReader {
 public:
  ChangeReader(const ChangeRow& row, Tables& tables, std::vector<Change>& out)
      : subject_(row.subject), after_(json_in(row.after)), tables_(tables), out_(out) {
    std::tie(noun_, verb_) = split(row.operation, '.');
    std::tie(first_, second_) = split(row.subject, '/');
  }

  bool read() const {
    if (verb_ == "attach" || verb_ == "detach") return add(AttachMachine{subject_, text_in(after_, "machine")});
    if (verb_ == "delete") return read_deletion();
    if (verb_ == "create" || verb_ == "update") return read_record();
    return false;
  }

 private:
  bool read_deletion() const {
    if (noun_ == "machine") return add(DeleteMachine{subject_});
    if (noun_ == "token") return add(DeleteToken{first_, second_});
    if (noun_ == "project") return add(DeleteProject{subject_});
    if (noun_ == "service") return add(DeleteService{first_, second_});
    if (noun_ == "route") return add(DeleteRoute{subject_});
    if (noun_ == "domain") return add(DeleteDomain{subject_});
    if (noun_ == "share") return add(DeleteShare{subject_});
    if (noun_ == "access_token") return add(DeleteAccessToken{subject_});
    return noun_ == "join_token" && add(DeleteJoinToken{subject_});
  }
  bool read_record() const {
    if (noun_ == "machine") return put<PutMachine>(machine_of(after_));
    if (noun_ == "token") return put_secret<PutToken>(token_of, tables_.token(first_, second_));
    if (noun_ == "project") return put<PutProject>(project_of(after_));
    if (noun_ == "service") return put<PutService>(service_of(after_));
    if (noun_ == "route") return put<PutRoute>(route_of(after_));
    if (noun_ == "domain") return put<PutDomain>(domain_of(after_));
    if (noun_ == "share") return put_secret<PutShare>(share_of, tables_.share(subject_));
    if (noun_ == "access_token") return put_secret<PutAccessToken>(access_token_of, tables_.access_token(subject_));
    return noun_ == "join_token" && put_secret<PutJoinToken>(join_token_of, tables_.join_token(subject_));
  }

  bool add(Change change) const {
    out_.push_back(std::move(change));
    return true;
  }
  template <class Put, class Record>
  bool put(Record record) const {
    std::string problem;
    return check_record(record, problem).has_value() && add(Put{std::move(record)});
  }
  // The hash is that of the row as it is now. Where the row is gone, so is its hash, and its end follows.
  template <class Put, class Record>
  bool put_secret(Record (*of)(const json&, std::string), const std::optional<Record>& now) const {
    return !now || put<Put>(of(after_, now->sha256));
  }

  const std::string& subject_;
  json after_;
  Tables& tables_;
  std::vector<Change>& out_;
  std::string noun_;
  std::string verb_;
  std::string first_;  // of the subject
  std::string second_;
};

// Leaves out the commit that begins last, of which there may be more, where it is not all.
void end_at_a_commit(std::vector<ChangeRow>& rows) {
  const ChangeRow& last = rows.back();
  size_t count = rows.size();
  while (count > 0 && rows[count - 1].at == last.at && rows[count - 1].actor == last.actor) --count;
  if (count > 0) rows.resize(count);
}

Result<FollowedChanges> not_followed(std::string& problem, std::string sentence) {
  problem = std::move(sentence);
  return fail(ErrorCode::kConflict, Side::kInternal, "following the database");
}

Result<FollowedChanges> read_changes(db::Database& database, const std::string& path, int64_t revision, int limit,
                                     std::string& problem) {
  if (const Status known = check_schema(database, path, problem); !known) return tl::unexpected(known.error());
  Tables tables(database);
  FollowedChanges followed;
  followed.revision = revision;
  std::vector<ChangeRow> rows = tables.changes_since(revision, limit);
  if (rows.empty()) {
    if (tables.head() >= revision) return followed;
    return not_followed(problem, path + " is an older copy: it has no revision " + std::to_string(revision));
  }
  const auto count = static_cast<int64_t>(rows.size());
  if (rows.front().revision != revision + 1 || rows.back().revision != revision + count) {
    return not_followed(problem, path + " lacks changes behind revision " + std::to_string(revision));
  }
  followed.more = count == limit;
  if (followed.more) end_at_a_commit(rows);
  for (const ChangeRow& row : rows) {
    const bool readable = ChangeReader(row, tables, followed.transaction.changes).read();
    if (!readable && followed.left_out.empty()) followed.left_out = row.operation + " " + row.subject;
  }
  followed.revision = rows.back().revision;
  return followed;
}

}  // namespace

Result<FollowedChanges> changes_behind(db::Database& database, const std::string& path, int64_t revision, int limit,
                                       std::string& problem) {
  database.run("BEGIN");
  Result<FollowedChanges> followed = read_changes(database, path, revision, limit, problem);
  database.run("COMMIT");
  if (!database.failed()) return followed;
  problem = "cannot read " + path + ": " + database.failure();
  const Error error = database.error();
  database.clear_failure();
  database.run("ROLLBACK");
  database.clear_failure();
  return tl::unexpected(error);
}

}  // namespace ingress::broker
