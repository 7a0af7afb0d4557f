// A request's head that owns its text, for as long as the request may have to be sent (again). Reused from one request
// to the next, so that holding one allocates nothing in steady state.
#pragma once

#include <cstddef>

#include "common/http/head.h"
#include "common/http/head_text.h"
#include "common/server/exchange.h"

namespace ingress::broker {

class HeldRequest {
 public:
  HeldRequest() = default;
  HeldRequest(const HeldRequest&) = delete;
  HeldRequest& operator=(const HeldRequest&) = delete;

  void hold(const http::RequestHead& head, const server::RequestInfo& info);
  // Views of the text held here: valid until the next hold, let_go or drop_fields.
  const http::RequestHead& head() const { return head_; }
  const server::RequestInfo& info() const { return info_; }
  size_t bytes() const { return text_.bytes(); }
  // The request will not be sent again: the fields' memory goes, the rest stays for the log.
  void drop_fields();
  // Nothing is held; memory beyond that of an ordinary head goes back.
  void let_go();

 private:
  http::HeadText text_;
  http::RequestHead head_;
  server::RequestInfo info_;
};

}  // namespace ingress::broker
