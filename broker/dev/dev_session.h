// What `ingress-broker dev` has beside the broker: the certificates, the rows of its table, the agent inside and the
// screen. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "broker/dev/dev_agent.h"
#include "broker/dev/dev_certificates.h"
#include "broker/dev/dev_config.h"
#include "broker/dev/landing.h"
#include "broker/dev/screen.h"
#include "broker/dev/trust.h"
#include "broker/store/store.h"
#include "common/uv/timer.h"

namespace ingress::broker::dev {

class DevSession {
 public:
  // All outlive it.
  DevSession(uv::Loop& loop, const DevConfig& config, std::unique_ptr<DevCertificates> certificates);

  DevCertificates& certificates() { return *certificates_; }
  // The rows; `done` with a sentence where that failed, else "".
  void set_up(Store& store, std::function<void(std::string problem)> done);
  // The broker serves. False where the agent cannot be started.
  bool start(Landing& landing, int https_port, const std::string& version);
  // Ends the agent; `done` once it is gone. Once.
  void stop(std::function<void()> done);

 private:
  uv::ChildProgram agent_program(int https_port) const;
  ScreenFacts facts(const Landing& landing, const std::string& version) const;
  void add_trust(ScreenFacts& facts) const;
  void look();
  // The machine may have come to another network.
  void look_at_addresses();
  // Somebody may do as the screen says.
  void look_at_browsers();

  const DevConfig& config_;
  std::unique_ptr<DevCertificates> certificates_;
  DevAgent agent_;
  uv::Timer timer_;
  std::string token_;
  Landing* landing_ = nullptr;
  std::unique_ptr<Screen> screen_;
  Trust trust_;
  int looks_ = 0;
  int looks_at_addresses_ = 0;
  int looks_at_browsers_ = 0;
};

}  // namespace ingress::broker::dev
