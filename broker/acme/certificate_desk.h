// Gets the certificates that the tables ask for, and renews them: looks what is due, checks what the owner has to make,
// runs one order at a time, puts the pair into --tls-dir, and remembers what failed. It is there as long as this
// process has the database. Thread: the loop's.
#pragma once

#include <ctime>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/acme/installed_pair.h"
#include "broker/acme/order_book.h"
#include "broker/acme/order_lock.h"
#include "broker/acme/order_run.h"
#include "broker/acme/readiness.h"
#include "broker/acme/settings.h"
#include "broker/acme/wanted.h"
#include "common/dns/resolver.h"
#include "common/tls/tls_context.h"
#include "common/uv/loop.h"
#include "common/uv/timer.h"

namespace ingress::broker::acme {

// What is under way for a certificate. kPlaced: its files are there, and are about to be served.
enum class Progress : uint8_t { kNone, kChecking, kQueued, kOrdered, kPlaced };
std::string_view name_of(Progress progress);

struct DeskParts {
  uv::Loop* loop = nullptr;
  dns::Resolver* resolver = nullptr;
  const tls::ServerContext* served = nullptr;
  std::string tls_dir;
  std::string webroot;
  bool answers_http = false;  // HTTP-01 can be done
  std::function<int64_t()> unix_now = [] { return static_cast<int64_t>(std::time(nullptr)); };
};

struct OrderCounts {
  uint64_t issued = 0;
  uint64_t failed = 0;
};

class CertificateDesk {
 public:
  // Settings that are on; what `parts` point to outlives it.
  CertificateDesk(Settings settings, DeskParts parts, const Snapshot& snapshot, std::vector<std::string> domains);
  // Ends an order that is under way.
  ~CertificateDesk();
  CertificateDesk(const CertificateDesk&) = delete;
  CertificateDesk& operator=(const CertificateDesk&) = delete;

  // Makes its folders and begins. A sentence where it can't.
  std::string start();
  void apply(const Transaction& transaction);
  void set_tls_dir(const std::string& folder);

  // What it is to have, and how that stands. Valid until the tables change.
  const std::map<std::string, Wanted, std::less<>>& wanted();
  const WantedTable& table() const { return table_; }
  std::string crt_path(const Wanted& wanted) const { return parts_.tls_dir + "/" + wanted.file_name() + ".crt"; }
  Progress progress_of(std::string_view name) const;
  const Standing* standing_of(std::string_view name) const { return book_.find(name); }
  // When an order for it may begin by the rates (Unix seconds), now or before where it may.
  int64_t rates_allow(const Wanted& wanted) const;
  // When it is to be renewed (Unix seconds); 0 where there is none, or another one than the broker's serves it.
  int64_t renewal_of(const Wanted& wanted) const;
  // Somebody asks for it: whatever failed before. With `renew` also where there is a good one.
  void ask_for(const std::string& name, bool renew);
  const OrderCounts& counts() const { return counts_; }

 private:
  struct Validity {
    long long begins_at = 0;
    long long expires_at = 0;
  };
  struct Installed {
    std::string path;
    Validity validity;
    int64_t at = 0;
  };
  std::string make_folders() const;
  void mend_pairs();
  void plan_within(Duration delay);
  void plan();
  // When the certificate is due: now or before where an order is to be made.
  int64_t due_at(const Wanted& wanted, int64_t now) const;
  bool is_served(const Installed& installed) const;
  const tls::Certificate* served_at(const std::string& path) const;
  // As source_of(), without a look at a file that was looked at before.
  Source source_of_served(const tls::Certificate& certificate) const;
  int64_t renewal_at(const Validity& validity) const;
  void check(const Wanted& wanted);
  void checked(const Wanted& asked, const std::string& problem);
  void order_next();
  // The rates leave no order for it before `until`.
  void hold_off(const Wanted& wanted, int64_t until);
  bool order(const Wanted& wanted);
  void wait_for_lock(const Wanted& wanted);
  void ordered(const Wanted& asked, const std::string& crt_path, const std::string& problem);
  // Puts the pair that a program got, and left in `from`, in its place.
  void take(const Wanted& asked, const std::string& from);
  // One that was got before and could not be put there. False where there is none that is good.
  bool take_waiting(const Wanted& asked);
  void placed(const std::string& name, const tls::Certificate& certificate);
  // Whether it is still to be had, for the same project. Else it is left, and what is wanted now is looked at.
  bool still_wanted(const Wanted& asked);
  void withdraw(const Wanted& former);
  void fail(const std::string& name, Failure failure, const std::string& problem);
  void save();

  Settings settings_;
  DeskParts parts_;
  WantedTable table_;
  OrderBook book_;
  std::map<std::string, Wanted, std::less<>> wanted_;
  std::map<std::string, Progress, std::less<>> progress_;    // but kNone and kPlaced
  std::map<std::string, Installed, std::less<>> installed_;  // and, at the last look, not served yet
  struct Looked {
    Validity validity;
    Source source = Source::kNone;
  };
  mutable std::map<std::string, Looked> looked_;  // by path
  std::set<std::string, std::less<>> asked_for_;
  std::deque<Wanted> queue_;
  std::unique_ptr<OrderRun> run_;
  OrderCounts counts_;
  size_t checks_ = 0;
  uv::Timer timer_;
  uv::Timer lock_timer_;
  std::optional<LockWait> lock_wait_;
  bool wanted_is_old_ = true;
  bool planned_soon_ = false;
  bool save_failed_ = false;  // and was told
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ingress::broker::acme
