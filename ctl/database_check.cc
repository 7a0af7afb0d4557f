#include "ctl/database_check.h"

#include <algorithm>

#include "ctl/replay.h"

namespace ingress::ctl {
namespace {

constexpr size_t kNamed = 5;  // differences that are told one by one

// Sentences, the first few of them whole.
class Complaints {
 public:
  void add(const std::string& sentence) {
    if (count_++ >= kNamed) return;
    if (!text_.empty()) text_ += "; ";
    text_ += sentence;
  }
  Finding finding(std::string check, std::string good_detail) const {
    if (count_ == 0) return {std::move(check), true, std::move(good_detail)};
    return {std::move(check), false,
            text_ + (count_ > kNamed ? "; and " + std::to_string(count_ - kNamed) + " more" : "")};
  }

 private:
  size_t count_ = 0;
  std::string text_;
};

void add_failure(db::Database& file, Complaints& complaints) {
  if (!file.failed()) return;
  complaints.add(file.failure());
  file.clear_failure();
}

Finding check_pages(db::Database& file) {
  Complaints complaints;
  {
    db::Query query = file.query("PRAGMA integrity_check");
    while (query.next()) {
      if (const std::string line = query.text(0); line != "ok") complaints.add(line);
    }
  }
  add_failure(file, complaints);
  return complaints.finding("integrity", "every page and index is whole");
}

Finding check_references(db::Database& file) {
  Complaints complaints;
  {
    db::Query query = file.query("PRAGMA foreign_key_check");
    while (query.next())
      complaints.add("a row of " + query.text(0) + " names one of " + query.text(2) + " that is not there");
  }
  add_failure(file, complaints);
  return complaints.finding("foreign_keys", "every reference leads to a row");
}

// Replays the changes after `revision` and returns what does not fit.
Finding replay_changes(Database& database, int64_t revision, Replay& replay) {
  Complaints complaints;
  const int64_t first = revision + 1;
  const auto read = database.each("changes", [&complaints, &replay, &revision](const Json& change) {
    const auto at = change["revision"].get<int64_t>();
    if (at <= revision) return;
    const std::string name = "revision " + std::to_string(at);
    if (at != revision + 1) complaints.add(name + " follows on " + std::to_string(revision));
    revision = at;
    if (const auto sentence = replay.apply(change)) complaints.add(name + ": " + *sentence);
  });
  if (!read) complaints.add(read.error().sentence);
  database.file().clear_failure();
  return complaints.finding("changes", revision < first
                                           ? "there are none"
                                           : "revisions " + std::to_string(first) + " to " + std::to_string(revision));
}

// A row of a table against that of the replay, which then counts as seen.
class TableComparison {
 public:
  TableComparison(std::string_view noun, const Replay& replay)
      : noun_(noun), rows_(replay.rows(noun)), next_(rows_.begin()) {}

  // Rows come in any order; most tables have that of the subjects.
  void take(const Json& row, Complaints& complaints) {
    const std::string subject = subject_of(noun_, row);
    const auto found = next_ != rows_.end() && next_->first == subject ? next_ : rows_.find(subject);
    if (found == rows_.end()) return complaints.add(name(subject) + " is in no change");
    if (found->second != row.dump(-1, ' ', false, Json::error_handler_t::replace)) {
      complaints.add(name(subject) + " is not as its last change left it");
    }
    ++seen_;
    next_ = std::next(found);
  }
  // The tables hold each subject once: fewer seen than there are is rows that are gone.
  void end(Complaints& complaints) const {
    if (seen_ < rows_.size()) {
      complaints.add(std::to_string(rows_.size() - seen_) + " of " + std::to_string(rows_.size()) + " " +
                     std::string(noun_) + "s of the changes are not there");
    }
  }
  size_t seen() const { return seen_; }

 private:
  std::string name(const std::string& subject) const { return std::string(noun_) + " \"" + subject + "\""; }

  std::string_view noun_;
  const Replay::Rows& rows_;
  Replay::Rows::const_iterator next_;
  size_t seen_ = 0;
};

Finding compare_tables(Database& database, const Replay& replay) {
  Complaints complaints;
  size_t rows = 0;
  for (const Table& table : kTables) {
    TableComparison comparison(table.noun, replay);
    const auto read = database.each(std::string(table.items), [&comparison, &complaints, &table](Json item) {
      comparison.take(row_of_item(table.noun, std::move(item)), complaints);
    });
    if (!read) complaints.add(read.error().sentence);
    database.file().clear_failure();
    comparison.end(complaints);
    rows += comparison.seen();
  }
  return complaints.finding("tables", std::to_string(rows) + " rows are what the changes make");
}

Outcome<int64_t> begin_with(Database& base, Replay& replay) {
  for (const Table& table : kTables) {
    const auto read = base.each(std::string(table.items), [&replay, &table](Json item) {
      replay.begin_with(table.noun, row_of_item(table.noun, std::move(item)));
    });
    if (!read) return tl::unexpected(read.error());
  }
  return base.revision();
}

}  // namespace

std::vector<Finding> check_file(db::Database& file) { return {check_pages(file), check_references(file)}; }

std::vector<Finding> check_database(Database& database, Database* base) {
  database.file().run("BEGIN");
  std::vector<Finding> findings = check_file(database.file());
  Replay replay;
  const Outcome<int64_t> revision = base == nullptr ? Outcome<int64_t>(0) : begin_with(*base, replay);
  if (revision) {
    findings.push_back(replay_changes(database, *revision, replay));
    findings.push_back(compare_tables(database, replay));
  } else {
    findings.push_back({"changes", false, "the base cannot be read: " + revision.error().sentence});
  }
  database.file().clear_failure();
  database.file().run("ROLLBACK");
  return findings;
}

}  // namespace ingress::ctl
