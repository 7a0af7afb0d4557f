// A store's file on a LossyDisk, written without a thread, so that a seed always does the same; and what it owes.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "broker/store/commit_batch.h"
#include "tests/unit/broker/store/lossy_disk.h"
#include "tests/unit/broker/store/store_fixture.h"

namespace ingress::broker {

class LossyStore {
 public:
  // `pragmas` are run behind the store's own.
  LossyStore(uint32_t seed, const char* pragmas) : random_(seed), pragmas_(pragmas) {}

  // Opens it as a broker does; false where the disk fails.
  bool open();
  // As when the process ends, in order or not.
  void close() { database_.reset(); }

  // Up to four transactions with one sync. True if they were acknowledged, and what they made is owed from then on.
  bool commit();
  // The error that the last batch was refused with.
  const StoreError& refusal() const { return refusal_; }

  // Why the open file is not what was promised: damage, or an acknowledged change that is not there. "" where it is.
  std::string broken_promise();

  LossyDisk disk;

 private:
  CommitJob next_job(int64_t revision);

  const TemporaryFolder folder_;
  std::mt19937 random_;
  const char* pragmas_;
  std::unique_ptr<db::Database> database_;
  int64_t revision_ = 0;
  int next_machine_ = 0;
  std::map<int64_t, std::string> owed_;  // revision → machine made by it
  StoreError refusal_;
};

}  // namespace ingress::broker
