// The admin API: HTTP/JSON on a Unix socket (trusted by file mode) and on TCP (bearer token). Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/admission/admission.h"
#include "broker/carrier/carrier.h"
#include "broker/carrier/loops_view.h"
#include "broker/routing/route_table.h"
#include "broker/store/store.h"
#include "broker/tunnel/machine_journal.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/uv/loop.h"
#include "common/uv/socket.h"

namespace ingress::tls {
class ServerContext;
}
namespace ingress::dns {
class Resolver;
}
namespace ingress::broker::acme {
class CertificateDesk;
}

namespace ingress::broker {

namespace tcp {
class TcpConnects;
}

struct AdminOptions {
  std::vector<uv::Address> addresses;  // Unix and TCP
  std::string token;                   // for TCP; "" refuses every TCP request
  std::vector<std::string> hosts;      // names by which browsers may come, beside loopback's and addresses
  Duration session{43200000};          // how long a browser's login is good
};

// The parts of the broker that the API shows and changes; all outlive the server.
struct AdminParts {
  uv::Loop* loop = nullptr;
  Store* store = nullptr;
  const RouteTable* routes = nullptr;
  Carrier* carrier = nullptr;
  LoopsView* loops = nullptr;
  const MachineBook* book = nullptr;
  MachineJournal* journal = nullptr;
  tcp::TcpConnects* tcp = nullptr;                   // who serves CONNECT; null: nobody
  const tls::ServerContext* certificates = nullptr;  // null where the broker serves no https
  acme::CertificateDesk* desk = nullptr;             // null without ACME
  dns::Resolver* resolver = nullptr;                 // its servers are --resolver's, or the system's
  bool resolver_is_said = false;                     // it asks servers that the operator named
  std::string public_https_port;                     // ":8443" or "": for the URLs that are shown
  std::string version;                               // the broker's
  // What requests are judged with, as it is now; null: without files and further targets.
  std::function<AdmissionSettings()> admission_settings;
  // Asks the supervisor for an upgrade, false where that fails; null where there is none.
  std::function<bool()> ask_for_upgrade;
};

class AdminServer {
 public:
  static Result<std::unique_ptr<AdminServer>> start(const AdminOptions& options, const AdminParts& parts,
                                                    std::string& problem);
  virtual ~AdminServer() = default;
  // A transaction was committed: who follows the changes is told.
  virtual void committed() = 0;
  // What it serves: "GET /v1/machines/{id}".
  virtual std::vector<std::string> templates() const = 0;
  // Replaces AdminOptions::token.
  virtual void set_token(const std::string& token) = 0;
  // Stops accepting and closes idle connections; running requests end, and then `done` is called.
  virtual void drain(std::function<void()> done) = 0;
  // Ends those that still run.
  virtual void close_all() = 0;
};

}  // namespace ingress::broker
