// How many follow a live feed: of all, of the tokens of projects, and of those of one, so that no tenant shuts another
// one, or the operator, out. Thread: the loop's.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

#include "broker/model/role.h"

namespace ingress::broker::admin {

class FollowerCount {
 public:
  struct Most {
    size_t of_all;
    size_t of_projects;
    size_t of_one;
  };
  explicit FollowerCount(const Most& most) : counts_(std::make_shared<Counts>()), most_(most) {}

  // A place, until it is destroyed (it may outlive this object).
  class Place;
  // null where there is none left.
  std::unique_ptr<Place> take(const Role& role);

 private:
  struct Counts {
    size_t all = 0;
    size_t of_projects = 0;
    std::unordered_map<std::string, size_t> by_project;
  };

  std::shared_ptr<Counts> counts_;
  Most most_;
};

class FollowerCount::Place {
 public:
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  friend class FollowerCount;
  Place(std::shared_ptr<Counts> counts, std::string project);

  std::shared_ptr<Counts> counts_;
  std::string project_;  // "" for none
};

}  // namespace ingress::broker::admin
