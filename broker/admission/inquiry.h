// The questions that a request's ways in still need answered: a server that decides, keys to be fetched. Asked one
// after the other, until each rule has let the request in or one has not. Owned by the request; destroying it breaks
// the questions off. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/admission/auth_judge.h"
#include "common/uv/loop.h"

namespace ingress::broker {

class Inquiry final : public uv::Buryable {
 public:
  // Once, never from inside start(); the inquiry is to be buried in it. nullopt: it comes in.
  using OnDone = std::function<void(const std::optional<Instead>& refusal)>;

  // `asked`, its head and `terms` outlive it; `rules` and what is known of the place are copied.
  Inquiry(const AuthParts& parts, const Asked& asked, const AuthPlace& place, std::vector<AuthRule> rules, Terms& terms,
          OnDone on_done);
  ~Inquiry() override;

  void start(uv::Loop& loop);
  // Nothing is asked any more, and `on_done` is not called: for who buries it.
  void stop();

 private:
  // The place, with text of its own: the index may change meanwhile.
  struct Place {
    std::string machine;
    std::string project;
    int port;
    Captures captures;
  };

  AuthPlace place() const { return {place_.machine, place_.project, place_.port, place_.captures, nullptr, {}}; }
  void step();
  void ask(const AuthWay& way);
  void on_answer(const ForwardAuth& rule, const WebAnswer& answer);
  void let_in();
  void pass_over_keys();

  AuthParts parts_;
  Asked asked_;
  std::string host_name_;
  Place place_;
  std::vector<AuthRule> rules_;
  Terms& terms_;
  OnDone on_done_;
  size_t rule_ = 0;
  size_t way_ = 0;
  Refusals refusals_;
  uint64_t call_ = 0;
  uint64_t keys_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ingress::broker
