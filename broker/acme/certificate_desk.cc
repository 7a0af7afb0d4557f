#include "broker/acme/certificate_desk.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "broker/acme/env_file.h"
#include "common/base/log.h"
#include "common/base/read_file.h"

namespace ingress::broker::acme {
namespace {

// Several changes that come together are looked at once.
constexpr Duration kSoon{100};
// A clock may be set, and a file be taken away.
constexpr int64_t kLookSeconds = 60;
constexpr Duration kLockWait{2000};
// A loop takes up what is in the folder sooner.
constexpr int64_t kPlacedSeconds = 5;
constexpr size_t kMostChecks = 16;
constexpr const char* kHeldOff =
    "as many orders as an hour may have were made (--acme-orders, --acme-project-orders): it is ordered by itself when "
    "there may be another";

WantedRules rules_of(const Settings& settings, std::vector<std::string> domains) {
  return {std::move(domains), !settings.dns.empty(), settings.asks_for_txt()};
}

BookLimits limits_of(const Settings& settings) { return {settings.retry, settings.orders, settings.project_orders}; }

}  // namespace

std::string_view name_of(Progress progress) {
  constexpr std::array<std::string_view, 5> kNames = {"none", "checking", "queued", "ordered", "placed"};
  return kNames[static_cast<size_t>(progress)];
}

CertificateDesk::CertificateDesk(Settings settings, DeskParts parts, const Snapshot& snapshot,
                                 std::vector<std::string> domains)
    : settings_(std::move(settings)),
      parts_(std::move(parts)),
      table_(rules_of(settings_, std::move(domains))),
      book_(limits_of(settings_)),
      timer_(*parts_.loop, [this] { plan(); }),
      lock_timer_(*parts_.loop, [this] { order_next(); }) {
  table_.load(snapshot);
}

CertificateDesk::~CertificateDesk() = default;

std::string CertificateDesk::start() {
  if (std::string problem = make_folders(); !problem.empty()) return problem;
  // The first start has none.
  book_.read(read_file(settings_.dir + "/state.json").value_or(""), parts_.unix_now());
  mend_pairs();
  plan_within(Duration{0});
  return "";
}

// The account's key is in there; challenges are for all to read.
std::string CertificateDesk::make_folders() const {
  namespace fs = std::filesystem;
  const auto make = [](const std::string& folder, fs::perms mode) -> std::string {
    std::error_code error;
    if (fs::create_directories(folder, error); !error && fs::is_directory(folder)) fs::permissions(folder, mode, error);
    return error ? "--acme-dir: cannot make " + folder + ": " + error.message() : "";
  };
  for (const char* part : {"", "/hook"}) {
    if (std::string problem = make(settings_.dir + part, fs::perms::owner_all); !problem.empty()) return problem;
  }
  std::error_code ignored;
  fs::create_directories(parts_.webroot, ignored);
  return fs::is_directory(parts_.webroot) ? "" : "cannot make the folder of challenges, " + parts_.webroot;
}

void CertificateDesk::apply(const Transaction& transaction) {
  if (!table_.apply(transaction)) return;
  wanted_is_old_ = true;
  plan_within(kSoon);
}

const std::map<std::string, Wanted, std::less<>>& CertificateDesk::wanted() {
  if (!std::exchange(wanted_is_old_, false)) return wanted_;
  const auto before = std::exchange(wanted_, table_.list());
  for (const auto& [name, former] : before) {
    const auto found = wanted_.find(name);
    if (found == wanted_.end() || !found->second.same_claim(former)) withdraw(former);
  }
  book_.keep([this](const std::string& name) { return wanted_.contains(name); });
  return wanted_;
}

void CertificateDesk::set_tls_dir(const std::string& folder) {
  parts_.tls_dir = folder;
  installed_.clear();
  plan_within(kSoon);
}

Progress CertificateDesk::progress_of(std::string_view name) const {
  if (const auto found = progress_.find(name); found != progress_.end()) return found->second;
  const auto installed = installed_.find(name);
  if (installed == installed_.end() || is_served(installed->second)) return Progress::kNone;
  return parts_.unix_now() - installed->second.at < kPlacedSeconds ? Progress::kPlaced : Progress::kNone;
}

// That very one: what it takes the place of may end later, as one that stands in does.
bool CertificateDesk::is_served(const Installed& installed) const {
  const tls::Certificate* served = served_at(installed.path);
  return served != nullptr && served->begins_at == installed.validity.begins_at &&
         served->expires_at == installed.validity.expires_at;
}

int64_t CertificateDesk::rates_allow(const Wanted& wanted) const {
  return book_.rates_allow(wanted.project, parts_.unix_now());
}

void CertificateDesk::ask_for(const std::string& name, bool renew) {
  book_.forgive(name);
  if (renew) asked_for_.insert(name);
  const auto found = wanted().find(name);
  if (found == wanted_.end() || progress_.contains(name)) return;
  if (const int64_t now = parts_.unix_now(); due_at(found->second, now) <= now) check(found->second);
}

void CertificateDesk::plan_within(Duration delay) {
  if (planned_soon_) return;
  planned_soon_ = true;
  timer_.start(delay);
}

void CertificateDesk::plan() {
  planned_soon_ = false;
  const int64_t now = parts_.unix_now();
  int64_t next = now + kLookSeconds;
  wanted();  // now: it may take from what was installed
  std::erase_if(installed_,
                [this](const auto& entry) { return !wanted_.contains(entry.first) || is_served(entry.second); });
  for (const auto& [name, certificate] : wanted_) {
    if (progress_.contains(name)) continue;
    const int64_t due = std::max(due_at(certificate, now), book_.may_begin(name, certificate.project, now));
    if (due > now || checks_ >= kMostChecks) {
      next = std::min(next, std::max(due, now + 1));
    } else {
      check(certificate);
    }
  }
  // What follows from a check has asked for the next look by itself.
  if (!planned_soon_) timer_.start(std::chrono::seconds(next - now));
}

const tls::Certificate* CertificateDesk::served_at(const std::string& path) const {
  const std::vector<tls::Certificate>& all = parts_.served->certificates();
  const auto found = std::lower_bound(
      all.begin(), all.end(), path, [](const tls::Certificate& each, const std::string& to) { return each.path < to; });
  return found != all.end() && found->path == path ? &*found : nullptr;
}

Source CertificateDesk::source_of_served(const tls::Certificate& certificate) const {
  Looked& looked = looked_[certificate.path];
  const bool same = looked.validity.begins_at == certificate.begins_at &&
                    looked.validity.expires_at == certificate.expires_at && looked.source != Source::kNone;
  if (!same) looked = {{certificate.begins_at, certificate.expires_at}, source_of(certificate.path)};
  return looked.source;
}

int64_t CertificateDesk::renewal_at(const Validity& validity) const {
  const int64_t life = validity.expires_at - validity.begins_at;
  const int64_t before = std::chrono::duration_cast<std::chrono::seconds>(settings_.renew_before).count();
  return validity.expires_at - std::min(before, life / 3);
}

int64_t CertificateDesk::renewal_of(const Wanted& wanted) const {
  if (const auto fresh = installed_.find(wanted.name); fresh != installed_.end())
    return renewal_at(fresh->second.validity);
  const tls::Certificate* own = served_at(crt_path(wanted));
  if (own == nullptr || source_of_served(*own) != Source::kAcme) return 0;
  const auto serves = [own](const std::string& name) {
    return std::find(own->names.begin(), own->names.end(), name) != own->names.end();
  };
  if (!std::all_of(wanted.names.begin(), wanted.names.end(), serves)) return 0;
  return renewal_at({own->begins_at, own->expires_at});
}

// A certificate of the operator's that serves all of the names is as good.
int64_t CertificateDesk::due_at(const Wanted& wanted, int64_t now) const {
  if (asked_for_.contains(wanted.name)) return now;
  if (const int64_t renewal = renewal_of(wanted); renewal != 0) return renewal;
  int64_t due = now + kLookSeconds * kLookSeconds;
  for (const std::string& name : wanted.names) {
    // A wildcard's own name is found under it.
    const tls::Certificate* other = parts_.served->find(name);
    if (other == nullptr || source_of_served(*other) != Source::kFile) return now;
    due = std::min(due, renewal_at({other->begins_at, other->expires_at}));
  }
  return due;
}

void CertificateDesk::check(const Wanted& wanted) {
  progress_[wanted.name] = Progress::kChecking;
  if (std::string problem = place_problem(crt_path(wanted)); !problem.empty()) return checked(wanted, problem);
  if (wanted.challenge == Challenge::kDns01) return checked(wanted, "");
  if (!parts_.answers_http) return checked(wanted, "HTTP-01 needs --http: the CA asks port 80 for the answer");
  ++checks_;
  check_readiness(*parts_.resolver, wanted,
                  [this, wanted, watch = std::weak_ptr<bool>(alive_)](const std::string& problem) {
                    if (watch.expired()) return;
                    --checks_;
                    checked(wanted, problem);
                  });
}

bool CertificateDesk::still_wanted(const Wanted& asked) {
  const auto found = wanted().find(asked.name);
  if (found != wanted_.end() && found->second.same_claim(asked)) return true;
  progress_.erase(asked.name);
  asked_for_.erase(asked.name);
  plan_within(kSoon);
  return false;
}

void CertificateDesk::checked(const Wanted& asked, const std::string& problem) {
  if (!still_wanted(asked)) return;
  if (!problem.empty()) return fail(asked.name, Failure::kUnready, problem);
  if (take_waiting(asked)) return;
  progress_[asked.name] = Progress::kQueued;
  queue_.push_back(asked);
  order_next();
}

void CertificateDesk::order_next() {
  while (run_ == nullptr && !queue_.empty()) {
    const Wanted next = queue_.front();
    queue_.pop_front();
    if (!still_wanted(next)) continue;
    if (const int64_t until = rates_allow(next); until > parts_.unix_now()) {  // others were first
      hold_off(next, until);
    } else if (!order(next)) {
      queue_.push_front(next);
      return;
    }
  }
  if (queue_.empty()) lock_wait_.reset();
}

// Who asked for it gets it when the rates allow it. A certificate that is renewed by itself, and is good until then,
// waits in silence.
void CertificateDesk::hold_off(const Wanted& wanted, int64_t until) {
  progress_.erase(wanted.name);
  plan_within(kSoon);
  if (!asked_for_.contains(wanted.name) && renewal_of(wanted) != 0) return;
  const Standing* const before = book_.find(wanted.name);
  const bool news = before == nullptr || before->last_error != kHeldOff;
  book_.held_off(wanted.name, kHeldOff, until, parts_.unix_now());
  if (!news) return;
  log_warn("certificate_waits",
           {{"name", wanted.name}, {"reason", kHeldOff}, {"next_try", static_cast<long long>(until)}});
}

// False where it is to be tried again later.
bool CertificateDesk::order(const Wanted& wanted) {
  const auto environment = read_env_file(settings_.env_file);
  if (!environment) {
    fail(wanted.name, Failure::kOrder, "--acme-env-file " + environment.error());
    return true;
  }
  OrderProgram program = order_program(settings_, wanted, parts_.webroot, *environment);
  auto run = std::make_unique<OrderRun>(
      *parts_.loop,
      [this, wanted, path = program.crt_path](const std::string& problem) { ordered(wanted, path, problem); });
  if (!run->start(std::move(program), settings_.dir, settings_.timeout)) {
    wait_for_lock(wanted);
    return false;
  }
  lock_wait_.reset();
  run_ = std::move(run);
  progress_[wanted.name] = Progress::kOrdered;
  book_.began(wanted.project, parts_.unix_now());
  save();
  log_info("certificate_ordered", {{"name", wanted.name}, {"challenge", name_of(wanted.challenge)}});
  return true;
}

void CertificateDesk::wait_for_lock(const Wanted& wanted) {
  const Time now = parts_.loop->now();
  if (!lock_wait_) {
    log_info("certificate_order_waits", {{"name", wanted.name}, {"reason", "another process's order is under way"}});
    lock_wait_.emplace(settings_.dir, settings_.timeout, now);
  }
  lock_wait_->look(now);
  lock_timer_.start(kLockWait);
}

void CertificateDesk::ordered(const Wanted& asked, const std::string& crt_path, const std::string& problem) {
  const std::unique_ptr<OrderRun> done = std::move(run_);
  if (still_wanted(asked)) {
    if (problem.empty()) {
      take(asked, crt_path);
    } else {
      fail(asked.name, Failure::kOrder, problem);
    }
  }
  plan_within(kSoon);
  order_next();
}

void CertificateDesk::fail(const std::string& name, Failure failure, const std::string& problem) {
  const Standing* before = book_.find(name);
  const bool news = before == nullptr || before->last_error != problem || failure == Failure::kOrder;
  progress_.erase(name);
  asked_for_.erase(name);
  book_.failed(name, failure, problem, parts_.unix_now());
  if (failure == Failure::kOrder) ++counts_.failed;
  if (failure != Failure::kUnready) save();
  if (news) {
    log_warn(failure == Failure::kUnready ? "certificate_waits" : "certificate_failed",
             {{"name", name}, {"reason", problem}, {"next_try", static_cast<long long>(book_.find(name)->next_try)}});
  }
  plan_within(kSoon);
}

void CertificateDesk::save() {
  const bool saved = replace_file(settings_.dir + "/state.json", book_.text());
  if (!saved && !save_failed_) {
    log_warn("certificate_state_not_saved",
             {{"folder", settings_.dir}, {"error", std::generic_category().message(errno)}});
  }
  save_failed_ = !saved;
}

}  // namespace ingress::broker::acme
