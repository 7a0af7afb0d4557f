// A request for tests of what judges it.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "broker/admission/asked.h"

namespace ingress::broker {

struct AskedFixture {
  http::RequestHead head;
  Asked asked{head, "misha.iterate.app", "misha.iterate.app", "/", "192.0.2.7"};

  AskedFixture() {
    head.method = "GET";
    asked.now = 1000;
  }
  AskedFixture(const AskedFixture&) = delete;
  AskedFixture& operator=(const AskedFixture&) = delete;
};

}  // namespace ingress::broker
