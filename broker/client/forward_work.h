// Scratch of one call: a head is rewritten here on its way. Private to broker/client.
#pragma once

#include "broker/client/forwarder.h"
#include "common/tunnel/session.h"

namespace ingress::broker {

struct Forwarder::Work {
  Resolution resolution;
  tunnel::OpenHead open;
  http::ResponseHead answer;
  http::Fields trailers;
  http::Scratch scratch;
};

}  // namespace ingress::broker
