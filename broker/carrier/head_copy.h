// A head that owns its text, to be passed to another thread.
#pragma once

#include "common/http/head.h"
#include "common/http/head_text.h"
#include "common/tunnel/open_head.h"

namespace ingress::broker {

// One of the three is filled in. Neither copied nor moved: the views are into `text`.
struct HeadCopy {
  explicit HeadCopy(const tunnel::OpenHead& head);
  explicit HeadCopy(const http::ResponseHead& head);
  explicit HeadCopy(const http::Fields& fields);
  HeadCopy(const HeadCopy&) = delete;
  HeadCopy& operator=(const HeadCopy&) = delete;

  tunnel::OpenHead open;
  http::ResponseHead answer;
  http::Fields trailers;
  http::HeadText text;
};

}  // namespace ingress::broker
