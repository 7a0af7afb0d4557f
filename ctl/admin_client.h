// Requests to the admin API, one after the other, over one connection; and its streams of events. Blocking.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "ctl/admin_address.h"
#include "ctl/event_reader.h"
#include "ctl/interrupts.h"
#include "ctl/outcome.h"

namespace ingress::ctl {

struct RawAnswer {
  long status = 0;
  std::string body;
  std::string etag;  // "" for none
};

// A record of the API, and the state that it was read in.
struct TaggedRecord {
  Json record;
  std::string etag;
};

class AdminClient {
 public:
  // `token` "" sends none.
  AdminClient(AdminAddress address, std::string token);
  ~AdminClient();

  // `path` with its query. `body` null sends none. With the `if_match` of a TaggedRecord only that state is changed:
  // else the failure's code is "precondition_failed".
  Outcome<Json> ask(const std::string& method, const std::string& path, const Json& body = nullptr,
                    const std::string& if_match = "");
  Outcome<TaggedRecord> read(const std::string& path);
  // False: enough.
  using OnEvent = std::function<bool(const Event&)>;
  // Reads a stream of events until an interrupt comes, or `on_event` has enough: that is good. An end that the broker
  // makes, or its silence for longer than its comments may take, is a failure with a sentence.
  Outcome<void> follow(const std::string& path, const Interrupts& interrupts, const OnEvent& on_event);
  // The same with a body of any type, and the answer as it is.
  Outcome<RawAnswer> send(const std::string& method, const std::string& path, const std::string& body,
                          const char* content_type, const std::string& if_match = "");

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingress::ctl
