#include "broker/acme/certificate_desk.h"

#include <doctest/doctest.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/temporary_folder.h"

namespace ingress::broker::acme {
namespace {

constexpr int64_t kHour = 3600;
const std::vector<std::string> kDomains = {"a.example", "b.example"};

// A desk that may make one order an hour, for two domains; each order ends in a failure at once.
class OneAnHour {
 public:
  enum class Has : uint8_t { kNothing, kGoodPairs };

  explicit OneAnHour(Has has) {
    std::filesystem::create_directory(tls_dir());
    write_hook();
    if (has == Has::kGoodPairs) put_good_pairs();
    desk_ = std::make_unique<CertificateDesk>(settings(), parts(), Snapshot{}, kDomains);
    REQUIRE(desk_->start() == "");
  }

  CertificateDesk& desk() { return *desk_; }
  int64_t now() const { return now_; }
  void run_until(const std::function<bool()>& done) {
    uv::Timer look(loop_, [this, &done] {
      if (done()) loop_.stop();
    });
    look.start(Duration{5}, Duration{5});
    loop_.run();
  }
  // The desk looks again at a later time.
  void pass(int64_t seconds) {
    now_ += seconds;
    desk_->set_tls_dir(tls_dir());
  }

 private:
  std::string tls_dir() const { return folder_.file("tls"); }
  std::string hook() const { return folder_.file("hook.sh"); }
  void write_hook() const {
    std::ofstream(hook()) << "#!/bin/sh\nexit 3\n";
    std::filesystem::permissions(hook(), std::filesystem::perms::owner_all);
  }
  void put_good_pairs() {
    for (const std::string& domain : kDomains) {
      const std::vector<std::string> names = {domain, "*." + domain, "*.machines." + domain};
      const auto pair = tls::make_self_signed(names, std::chrono::hours(48));
      REQUIRE(pair.has_value());
      std::ofstream(folder_.file("issued.crt")) << pair->certificate;
      std::ofstream(folder_.file("issued.key")) << pair->key;
      REQUIRE(install_pair(folder_.file("issued.crt"), tls_dir(), domain, names, now_).has_value());
    }
    REQUIRE(served_.load(tls_dir(), [](const std::string&, const Error&) {}).has_value());
  }
  Settings settings() const {
    Settings made;
    made.hook = hook();
    made.dns = "any";
    made.dir = folder_.file("acme");
    made.orders = 1;
    return made;
  }
  DeskParts parts() {
    DeskParts made;
    made.loop = &loop_;
    made.served = &served_;
    made.tls_dir = tls_dir();
    made.webroot = folder_.file("webroot");
    made.unix_now = [this] { return now_; };
    return made;
  }

  TemporaryFolder folder_;
  uv::Loop loop_;
  tls::ServerContext served_{{"http/1.1"}};
  int64_t now_ = std::time(nullptr);
  std::unique_ptr<CertificateDesk> desk_;
};

TEST_CASE("of two renewals that are asked for, the one that the hour has no order for says so and is made later") {
  OneAnHour one(OneAnHour::Has::kGoodPairs);
  one.desk().ask_for("a.example", true);
  one.desk().ask_for("b.example", true);
  CHECK(one.desk().progress_of("a.example") == Progress::kOrdered);
  CHECK(one.desk().progress_of("b.example") == Progress::kQueued);
  one.run_until([&one] { return one.desk().progress_of("b.example") == Progress::kNone; });
  const Standing* const held = one.desk().standing_of("b.example");
  REQUIRE(held != nullptr);
  CHECK(held->last_error.find("as many orders as an hour may have were made") != std::string::npos);
  CHECK(held->next_try == one.now() + kHour);
  CHECK(one.desk().counts().failed == 1);
  one.pass(kHour);
  one.run_until([&one] { return one.desk().counts().failed == 2; });
  CHECK(one.desk().standing_of("b.example")->last_error == "exit code 3");
}

TEST_CASE("a name without a certificate that the hour has no order for says so, too") {
  OneAnHour one(OneAnHour::Has::kNothing);
  one.desk().ask_for("a.example", false);
  one.desk().ask_for("b.example", false);
  one.run_until([&one] { return one.desk().progress_of("b.example") == Progress::kNone; });
  const Standing* const held = one.desk().standing_of("b.example");
  REQUIRE(held != nullptr);
  CHECK(held->held_off);
  CHECK(held->next_try == one.now() + kHour);
}

}  // namespace
}  // namespace ingress::broker::acme
