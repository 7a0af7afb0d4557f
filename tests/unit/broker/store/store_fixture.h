// A store on a file of its own, and a loop that runs until what was asked is answered.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "broker/store/store.h"
#include "broker/store/tables.h"
#include "common/uv/loop.h"
#include "common/uv/timer.h"
#include "tests/unit/temporary_folder.h"

namespace ingress::broker {

class StoreFixture {
 public:
  using Outcome = tl::expected<Commit, StoreError>;

  StoreFixture() : path(folder.file("routes.db")), keep_alive_(loop, [] {}) {
    keep_alive_.start(std::chrono::hours(1));
    reopen();
  }

  void reopen() {
    store.reset();
    std::string problem;
    auto opened = Store::open(loop, path, problem);
    REQUIRE_MESSAGE(opened.has_value(), problem);
    store = std::move(*opened);
  }

  // Runs the loop until `calls` answers came.
  void wait(int calls) {
    awaited_ = calls;
    if (answered_ < awaited_) loop.run();
    REQUIRE(answered_ == awaited_);
    answered_ = 0;
  }
  void answered() {
    if (++answered_ == awaited_) loop.stop();
  }

  Outcome commit(std::vector<Change> changes) {
    Outcome outcome;
    store->commit({"tester", 1234, std::move(changes)}, [this, &outcome](Outcome result) {
      outcome = std::move(result);
      answered();
    });
    wait(1);
    return outcome;
  }
  int64_t done(Change change) {
    const Outcome outcome = commit({std::move(change)});
    REQUIRE_MESSAGE(outcome.has_value(), outcome.error().detail);
    return outcome->revision;
  }
  // The sentence of the refusal.
  std::string refused(Change change, ErrorCode code) {
    const Outcome outcome = commit({std::move(change)});
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().error.code == code);
    return outcome.error().detail;
  }
  Snapshot snapshot() {
    Snapshot taken;
    store->snapshot([this, &taken](Result<Snapshot> result) {
      REQUIRE(result.has_value());
      taken = std::move(*result);
      answered();
    });
    wait(1);
    return taken;
  }
  std::vector<ChangeRow> changes(int64_t since = 0, int limit = 1000) {
    std::vector<ChangeRow> rows;
    store->read([&rows, since, limit](Tables& tables) { rows = tables.changes_since(since, limit); },
                [this](Status read) {
                  REQUIRE(read.has_value());
                  answered();
                });
    wait(1);
    return rows;
  }

  static Machine machine(const std::string& id, MachineState state = MachineState::kDetached) {
    Machine machine;
    machine.id = id;
    machine.state = state;
    machine.created_at = 100;
    return machine;
  }
  static Project project(const std::string& slug, const std::string& machine = "") {
    Project project;
    project.slug = slug;
    project.machine = machine;
    return project;
  }
  static Route route(const std::string& id, const std::vector<std::string>& patterns, const RouteTarget& target) {
    Route route;
    route.id = id;
    for (const std::string& pattern : patterns) route.patterns.push_back({pattern, target, "{}"});
    return route;
  }

  TemporaryFolder folder;
  std::string path;
  uv::Loop loop;
  std::unique_ptr<Store> store;

 private:
  uv::Timer keep_alive_;
  int answered_ = 0;
  int awaited_ = 0;
};

}  // namespace ingress::broker
