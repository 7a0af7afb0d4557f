#include "broker/admin/follower_count.h"

#include <utility>

namespace ingress::broker::admin {

std::unique_ptr<FollowerCount::Place> FollowerCount::take(const Role& role) {
  if (counts_->all >= most_.of_all) return nullptr;
  if (!role.project.empty()) {
    const auto found = counts_->by_project.find(role.project);
    const size_t own = found == counts_->by_project.end() ? 0 : found->second;
    if (counts_->of_projects >= most_.of_projects || own >= most_.of_one) return nullptr;
  }
  return std::unique_ptr<Place>(new Place(counts_, role.project));
}

FollowerCount::Place::Place(std::shared_ptr<Counts> counts, std::string project)
    : counts_(std::move(counts)), project_(std::move(project)) {
  ++counts_->all;
  if (project_.empty()) return;
  ++counts_->of_projects;
  ++counts_->by_project[project_];
}

FollowerCount::Place::~Place() {
  --counts_->all;
  if (project_.empty()) return;
  --counts_->of_projects;
  const auto found = counts_->by_project.find(project_);
  if (--found->second == 0) counts_->by_project.erase(found);
}

}  // namespace ingress::broker::admin
