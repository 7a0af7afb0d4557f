// A transaction while it is made: what is read is what the tables hold with the changes that were put before. Thread:
// the store's.
#pragma once

#include "broker/store/tables.h"
#include "broker/store/transaction_writer.h"

namespace ingress::broker {

class Draft {
 public:
  Draft(Tables& tables, TransactionWriter& writer) : tables_(tables), writer_(writer) {}

  Tables& tables() { return tables_; }
  // Validates and applies it. After a refusal, all that was put is to be taken back.
  TransactionWriter::Checked put(Change change) { return writer_.put(std::move(change)); }

 private:
  Tables& tables_;
  TransactionWriter& writer_;
};

}  // namespace ingress::broker
