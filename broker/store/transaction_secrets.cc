// Rows that have a secret: tokens and shares.
#include "broker/model/role.h"
#include "broker/store/transaction_writer.h"
#include "broker/store/writer_refusals.h"

namespace ingress::broker {

using Checked = TransactionWriter::Checked;

Checked TransactionWriter::operator()(PutToken& change) {
  const Token& token = change.token;
  if (Checked good = check(token); !good) return good;
  if (Checked good = check_machine_exists(token.machine); !good) return good;
  const std::optional<Token> before = tables_.token(token.machine, token.id);
  tables_.put(token);
  record_put({"token", token.machine + "/" + token.id, json_or_nothing(before), json_of(token),
              owner_of_machine(token.machine)});
  return {};
}

Checked TransactionWriter::operator()(DeleteToken& change) {
  const std::optional<Token> before = tables_.token(change.machine, change.id);
  if (!before) return not_found("token", change.machine + "/" + change.id);
  tables_.erase_token(change.machine, change.id);
  record({"token.delete", change.machine + "/" + change.id, json_of(*before), "", owner_of_machine(change.machine)});
  return {};
}

Checked TransactionWriter::operator()(PutShare& change) {
  const Share& share = change.share;
  if (Checked good = check(share); !good) return good;
  if (Checked good = check_machine_exists(share.machine); !good) return good;
  const std::optional<Share> before = tables_.share(share.id);
  tables_.put(share);
  record_put({"share", share.id, json_or_nothing(before), json_of(share), share.project});
  return {};
}

Checked TransactionWriter::operator()(DeleteShare& change) {
  const std::optional<Share> before = tables_.share(change.id);
  if (!before) return not_found("share", change.id);
  tables_.erase_share(change.id);
  record({"share.delete", change.id, json_of(*before), "", before->project});
  return {};
}

// It is of what is there: what comes later by that name is another's.
Checked TransactionWriter::check_role(const std::string& text) {
  const std::optional<Role> role = parse_role(text);
  if (role && role->kind == RoleKind::kTcp) return check_machine_exists(role->machine);
  return check_owner(project_of_role(text));
}

Checked TransactionWriter::operator()(PutAccessToken& change) {
  const AccessToken& token = change.token;
  if (Checked good = check(token); !good) return good;
  if (Checked good = check_role(token.role); !good) return good;
  const std::optional<AccessToken> before = tables_.access_token(token.id);
  tables_.put(token);
  record_put({"access_token", token.id, json_or_nothing(before), json_of(token), ""});
  return {};
}

Checked TransactionWriter::operator()(DeleteAccessToken& change) {
  const std::optional<AccessToken> before = tables_.access_token(change.id);
  if (!before) return not_found("access token", change.id);
  tables_.erase_access_token(change.id);
  record({"access_token.delete", change.id, json_of(*before), "", ""});
  return {};
}

Checked TransactionWriter::operator()(PutJoinToken& change) {
  const JoinToken& token = change.token;
  if (Checked good = check(token); !good) return good;
  if (Checked good = check_owner(token.project); !good) return good;
  const std::optional<JoinToken> before = tables_.join_token(token.id);
  tables_.put(token);
  record_put({"join_token", token.id, json_or_nothing(before), json_of(token), token.project});
  return {};
}

Checked TransactionWriter::operator()(DeleteJoinToken& change) {
  const std::optional<JoinToken> before = tables_.join_token(change.id);
  if (!before) return not_found("join token", change.id);
  tables_.erase_join_token(change.id);
  record({"join_token.delete", change.id, json_of(*before), "", before->project});
  return {};
}

}  // namespace ingress::broker
