// Deletes rows a day after their time: until then requests for them are told that they were there (410). Once a minute.
// Thread: the loop's.
#pragma once

#include "broker/store/store.h"
#include "common/uv/loop.h"
#include "common/uv/timer.h"

namespace ingress::broker {

class ExpirySweep {
 public:
  // Both outlive it.
  ExpirySweep(uv::Loop& loop, Store& store);

 private:
  void sweep();

  Store& store_;
  uv::Timer timer_;
  bool under_way_ = false;
};

}  // namespace ingress::broker
