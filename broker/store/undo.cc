#include "broker/store/undo.h"

#include "broker/store/json_records.h"
#include "broker/store/record_json.h"

namespace ingress::broker {
namespace {

using nlohmann::json;
using Inverse = tl::expected<Change, StoreError>;

tl::unexpected<StoreError> refuse(ErrorCode code, std::string sentence) {
  return tl::unexpected(StoreError{Error{code, Side::kClient, false, 0, "undoing a change"}, std::move(sentence)});
}

// A row's text without what other changes move: a machine's state, a project's machine. null for none.
template <class Record>
json row_of(const std::optional<Record>& record) {
  return record ? json_in(json_of(*record)) : json();
}
json comparable(json row) {
  if (row.is_object() && row.contains("state")) row.erase("state");
  if (row.is_object() && row.contains("slug")) row.erase("machine");
  return row;
}

struct Undoing {
  const ChangeRow& row;
  std::string verb;
  std::string first;   // of the subject: "misha" of "misha/docs"
  std::string second;  // "docs"
  json before;
  json after;

  // Of a row without a secret.
  template <class Record, class Put, class Delete>
  Inverse plain(const std::optional<Record>& now, Put put, Delete erase) const {
    if (comparable(row_of(now)) != comparable(after)) return changed();
    if (before.is_null()) return Change(erase());
    return Change(put(before));
  }
  // Of a row with one: it can go, or be as it was before, but not come back.
  template <class Record, class Put, class Delete>
  Inverse secret(const std::optional<Record>& now, Put put, Delete erase) const {
    if (row_of(now) != after) return changed();
    if (verb == "create") return Change(erase());
    if (now) return Change(put(before, now->sha256));
    return refuse(ErrorCode::kConflict, "revision " + std::to_string(row.revision) +
                                            " cannot be undone: the secret of \"" + row.subject + "\" is kept nowhere");
  }
  tl::unexpected<StoreError> unreadable() const {
    return refuse(ErrorCode::kConflict, "revision " + std::to_string(row.revision) + " is kept as what is no JSON");
  }
  tl::unexpected<StoreError> changed() const {
    return refuse(ErrorCode::kConflict,
                  "\"" + row.subject + "\" is no longer as revision " + std::to_string(row.revision) + " left it");
  }
};

Inverse undo_attachment(const Undoing& undoing, Tables& tables) {
  const std::optional<Project> project = tables.project(undoing.row.subject);
  if (!project || project->machine != text_in(undoing.after, "machine")) return undoing.changed();
  std::string machine = text_in(undoing.before, "machine");
  if (!machine.empty() && !tables.has_machine(machine)) {
    return refuse(ErrorCode::kConflict, "machine \"" + machine + "\", which was attached before revision " +
                                            std::to_string(undoing.row.revision) + ", is no longer there");
  }
  return Change(AttachMachine{project->slug, std::move(machine)});
}

// With the machine that it had, where that is still there.
Project project_again(const json& row, Tables& tables) {
  Project project = project_of(row);
  std::string machine = text_in(row, "machine");
  if (tables.has_machine(machine)) project.machine = std::move(machine);
  return project;
}

Inverse undo_secret(const std::string& noun, const Undoing& at, Tables& tables) {
  const std::string& subject = at.row.subject;
  if (noun == "token") {
    return at.secret(
        tables.token(at.first, at.second),
        [](const json& row, const std::string& hash) { return PutToken{token_of(row, hash)}; },
        [&at] {
          return DeleteToken{at.first, at.second};
        });
  }
  if (noun == "share") {
    return at.secret(
        tables.share(subject), [](const json& row, const std::string& hash) { return PutShare{share_of(row, hash)}; },
        [&subject] { return DeleteShare{subject}; });
  }
  if (noun == "access_token") {
    return at.secret(
        tables.access_token(subject),
        [](const json& row, const std::string& hash) { return PutAccessToken{access_token_of(row, hash)}; },
        [&subject] { return DeleteAccessToken{subject}; });
  }
  if (noun == "join_token") {
    return at.secret(
        tables.join_token(subject),
        [](const json& row, const std::string& hash) { return PutJoinToken{join_token_of(row, hash)}; },
        [&subject] { return DeleteJoinToken{subject}; });
  }
  return refuse(ErrorCode::kConflict, "\"" + at.row.operation + "\" cannot be undone");
}

Inverse undo(const std::string& noun, const Undoing& at, Tables& tables) {
  const std::string& subject = at.row.subject;
  const bool made = at.verb == "delete";  // undoing it makes the row
  if (at.verb == "attach" || at.verb == "detach") return undo_attachment(at, tables);
  if (noun == "machine") {
    const std::optional<Machine> now = tables.machine(subject);
    const bool about_state =
        at.before.is_null() || at.after.is_null() || text_in(at.before, "state") != text_in(at.after, "state");
    return at.plain(
        now,
        [made, about_state, &now](const json& row) {
          Machine machine = machine_of(row);
          if (!about_state) machine.state = now->state;
          return PutMachine{std::move(machine), made};
        },
        [&subject] { return DeleteMachine{subject}; });
  }
  if (noun == "project") {
    return at.plain(
        tables.project(subject),
        [made, &tables](const json& row) {
          return PutProject{made ? project_again(row, tables) : project_of(row), made};
        },
        [&subject] { return DeleteProject{subject}; });
  }
  if (noun == "service") {
    return at.plain(
        tables.service(at.first, at.second),
        [made](const json& row) {
          return PutService{service_of(row), made};
        },
        [&at] {
          return DeleteService{at.first, at.second};
        });
  }
  if (noun == "route") {
    return at.plain(
        tables.route(subject),
        [made](const json& row) {
          return PutRoute{route_of(row), made, false};
        },
        [&subject] { return DeleteRoute{subject}; });
  }
  if (noun == "domain") {
    return at.plain(
        tables.domain(subject), [](const json& row) { return PutDomain{domain_of(row)}; },
        [&subject] { return DeleteDomain{subject}; });
  }
  return undo_secret(noun, at, tables);
}

}  // namespace

Inverse inverse_of(const ChangeRow& row, Tables& tables) {
  const size_t point = row.operation.find('.');
  const size_t slash = row.subject.find('/');
  const std::string noun = row.operation.substr(0, point);
  Undoing undoing{row,
                  point == std::string::npos ? "" : row.operation.substr(point + 1),
                  row.subject.substr(0, slash),
                  slash == std::string::npos ? "" : row.subject.substr(slash + 1),
                  json_in(row.before),
                  json_in(row.after)};
  if (undoing.before.is_discarded() || undoing.after.is_discarded()) return undoing.unreadable();
  return undo(noun, undoing, tables);
}

}  // namespace ingress::broker
