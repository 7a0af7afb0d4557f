// The --tls-dir, loaded, and loaded again when a file in it changes.
#pragma once

#include <memory>
#include <string>

#include "common/tls/tls_context.h"
#include "common/uv/file_watch.h"
#include "common/uv/loop.h"
#include "common/uv/timer.h"

namespace ingress::broker {

class Certificates {
 public:
  Certificates(uv::Loop& loop, std::string folder);

  // The first load: an error where no certificate can be served.
  Status start();
  const tls::ServerContext& context() const { return context_; }

 private:
  // A pair is written as two files: one load follows a burst of changes.
  static constexpr Duration kSettle{200};
  Status load();

  uv::Loop& loop_;
  std::string folder_;
  tls::ServerContext context_;
  uv::Timer settle_;
  std::unique_ptr<uv::FileWatch> watch_;
};

}  // namespace ingress::broker
