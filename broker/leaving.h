// How a broker's process ends. Where the next process takes over, or will, it lets go of all that that one needs (the
// database, the sockets, the agents as they move), and runs dry: what runs here runs on, at most for the grace period.
// Told to end by a signal it lingers before that (lingering.h), unless its parent starts the next process at once; told
// twice it ends. Thread: the first loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "broker/admin/admin_server.h"
#include "broker/lingering.h"
#include "broker/loop_set.h"
#include "common/supervise/parent_line.h"
#include "common/uv/sd_notify.h"
#include "common/uv/timer.h"
#include "common/uv/watchdog.h"

namespace ingress::broker {

// What the program does for it.
class LeavingProgram {
 public:
  // Null where there is none, or none any more.
  virtual AdminServer* admin() = 0;
  // Of the admin API, too, and of all else that needs it.
  virtual void let_go_of_database() = 0;
  // Nothing runs any more.
  virtual void on_left() = 0;
  // The process ends before this returns.
  virtual void end_now() = 0;

 protected:
  ~LeavingProgram() = default;
};

// All outlive it.
struct LeavingParts {
  LoopSet& loops;
  const LiveSettings& live;  // as they are by then
  const uv::SdNotify& notify;
  uv::Watchdog& watchdog;
  supervise::ParentLine& parent;
  bool supervised = false;  // is a child of --supervise
  bool alone = false;       // no process comes after it: `ingress-broker dev`
};

class Leaving {
 public:
  Leaving(const LeavingParts& parts, LeavingProgram& program);
  Leaving(const Leaving&) = delete;
  Leaving& operator=(const Leaving&) = delete;

  // This process has the database at `db`.
  void watch_lock(const std::string& db);
  // It serves now.
  void on_serving();
  // A signal says that it is to end.
  void on_signal(const char* name);
  // A signal says that another process is taking over.
  void on_upgrade();
  // It takes no more, and changes nothing any more.
  bool begun() const { return state_ == State::kLeaving; }

 private:
  enum class State : uint8_t {
    kStarting,
    kStartingForAnother,  // which is to take over as soon as this one serves
    kServing,
    kLingering,
    kLeaving,
  };

  bool serves() const { return state_ == State::kServing || state_ == State::kLingering; }
  bool sockets_are_held() const;
  void linger();
  void hand_over();
  void end_admin(std::function<void()> done);
  void drain();
  void drain_clients(std::function<void()> done);
  void drain_tunnels();

  const LeavingParts parts_;
  LeavingProgram& program_;
  uv::Loop& loop_;
  Lingering lingering_;
  State state_ = State::kStarting;
  bool told_ = false;               // by a signal
  std::optional<Time> grace_ends_;  // once its grace period has begun
  std::unique_ptr<uv::Timer> admin_timer_;
  std::unique_ptr<uv::Timer> grace_timer_;
  const bool has_sockets_of_systemd_;
};

}  // namespace ingress::broker
