// What a request of port 8080 tells the origin of its client, and by which name the client knows the site that answers.
// Plain value; private to agent/local.
//
// A provider's ingress stands before this port, and is not asked: X-Forwarded-* are set from the connection, as on the
// broker. Who has shown the secret is believed as a trusted proxy is: what it says by X-Forwarded-* holds, and where it
// says nothing the client is at the host that the target header names, by https. Whoever asks, the target header's host
// is where an answer's absolute Location leads: it was put there for a client that is at that host, and not at the
// provider's.
#pragma once

#include <string>
#include <string_view>

#include "common/http/forward_rules.h"

namespace ingress::agent {

class ClientSide {
 public:
  // `host` is the request's Host; `named` the public host of its target header (AskedTarget::host), "" for none. Copies
  // what it keeps.
  void take(const http::Fields& fields, std::string_view client_ip, std::string_view host, std::string_view named,
            bool trusted);

  // Views of this object.
  http::Inbound of_request() const { return {client_ip_, scheme_, host_, port_, forwarded_for_, public_host_}; }
  http::Inbound of_answer() const;

 private:
  void believe(const http::Fields& fields);

  std::string client_ip_;
  std::string host_;
  std::string named_;
  std::string_view scheme_;  // static text
  int port_ = 0;
  std::string forwarded_for_;
  std::string public_host_;
  bool trusted_ = false;
};

}  // namespace ingress::agent
