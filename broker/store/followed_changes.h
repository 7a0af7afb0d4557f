// What others have committed to a database file, read from its `changes` as what the index takes: the same changes in
// the same order, so that an index that was as of a revision becomes as of a later one. For a process that no longer
// has the file. Thread: the one that has the connection.
#pragma once

#include <cstdint>
#include <string>

#include "broker/model/changes.h"
#include "common/base/error.h"
#include "common/database/database.h"

namespace ingress::broker {

struct FollowedChanges {
  Transaction transaction;  // of several commits, so that its actor and time are nobody's
  int64_t revision = 0;     // up to which it leads
  bool more = false;        // there is something behind it
  std::string left_out;     // the first change that this program can't read, "" for none: a newer one made it
};

// Those behind `revision`, about `limit` of them at most: whole commits, where one isn't longer than that. Of a row
// that is gone by now, and had a secret, only the end is told. `path` is for `problem`, a sentence. kConflict: the file
// has not the history that led to `revision`; kInvalidArgument: its schema isn't known here; neither passes. kIo: it
// could not be read.
Result<FollowedChanges> changes_behind(db::Database& database, const std::string& path, int64_t revision, int limit,
                                       std::string& problem);

}  // namespace ingress::broker
