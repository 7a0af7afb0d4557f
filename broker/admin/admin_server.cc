#include "broker/admin/admin_server.h"

#include <system_error>
#include <utility>

#include "broker/admin/access_tokens.h"
#include "broker/admin/admin_acceptor.h"
#include "broker/admin/api.h"
#include "broker/admin/api_document.h"
#include "broker/admin/batch.h"
#include "broker/admin/broker_process.h"
#include "broker/admin/certificates.h"
#include "broker/admin/changes.h"
#include "broker/admin/domains.h"
#include "broker/admin/effective.h"
#include "broker/admin/exchanges.h"
#include "broker/admin/health.h"
#include "broker/admin/history.h"
#include "broker/admin/join_tokens.h"
#include "broker/admin/login.h"
#include "broker/admin/loops.h"
#include "broker/admin/machine_events.h"
#include "broker/admin/machines.h"
#include "broker/admin/metrics.h"
#include "broker/admin/pages.h"
#include "broker/admin/projects.h"
#include "broker/admin/route_transfer.h"
#include "broker/admin/routes.h"
#include "broker/admin/services.h"
#include "broker/admin/shares.h"
#include "broker/admin/tokens.h"
#include "broker/admin/traffic.h"
#include "broker/admin/tunnels.h"
#include "broker/admin/why.h"
#include "common/base/after_calls.h"
#include "common/base/log.h"
#include "common/server/http1_server.h"
#include "common/tls/tls_session.h"
#include "common/transport/connection.h"
#include "common/uv/timer.h"

namespace ingress::broker {
namespace {

server::ConnectionOptions connection_options() {
  server::ConnectionOptions options;
  options.head_timeout = Duration{30000};
  options.keep_alive_timeout = Duration{75000};
  // Nothing that the API does takes longer without a byte: a client that stalls in its body is let go.
  options.exchange_timeout = Duration{75000};
  options.limits.connect = true;
  return options;
}

// A stream ends so soon after its token.
constexpr Duration kWelcomeInterval{500};

class Server final : public AdminServer {
 public:
  Server(const AdminOptions& options, const AdminParts& parts)
      : loop_(*parts.loop),
        api_(parts),
        machines_(api_),
        machine_events_(api_),
        tokens_(api_),
        access_tokens_(api_),
        join_tokens_(api_),
        projects_(api_),
        services_(api_),
        transfer_(api_),
        routes_(api_),
        domains_(api_),
        shares_(api_),
        certificates_(api_),
        effective_(api_),
        tunnels_(api_),
        loops_(api_),
        process_(api_),
        changes_(api_),
        exchanges_(api_),
        traffic_(api_),
        history_(api_),
        metrics_(api_),
        batch_(api_, router_),
        why_(api_),
        hosts_(options.hosts, parts.routes->read().domains()),
        sessions_(std::chrono::duration_cast<std::chrono::seconds>(options.session).count()),
        login_(sessions_, parts.version, [this](const auto& by) { return remote_acceptor_.identify(by); }),
        local_acceptor_(router_, {true, "", nullptr, nullptr, &hosts_}, parts.tcp),
        remote_acceptor_(router_, {false, options.token, parts.routes, &sessions_, &hosts_}, parts.tcp),
        local_(loop_, local_acceptor_, connection_options()),
        remote_(loop_, remote_acceptor_, connection_options()),
        welcome_timer_(loop_, [this] { remote_acceptor_.end_unwelcome(); }) {
    welcome_timer_.start(kWelcomeInterval, kWelcomeInterval);
    welcome_timer_.unref();
    machines_.add_to(router_);
    machine_events_.add_to(router_);
    tokens_.add_to(router_);
    access_tokens_.add_to(router_);
    join_tokens_.add_to(router_);
    projects_.add_to(router_);
    services_.add_to(router_);
    transfer_.add_to(router_);  // its paths before /v1/routes/{id}
    routes_.add_to(router_);
    domains_.add_to(router_);
    shares_.add_to(router_);
    certificates_.add_to(router_);
    effective_.add_to(router_);
    tunnels_.add_to(router_);
    loops_.add_to(router_);
    process_.add_to(router_);
    changes_.add_to(router_);
    exchanges_.add_to(router_);
    traffic_.add_to(router_);
    history_.add_to(router_);
    metrics_.add_to(router_);
    batch_.add_to(router_);
    why_.add_to(router_);
    health_.add_to(router_);
    login_.add_to(router_);
    admin::ApiDocument::add_to(router_);
    admin::Pages::add_to(router_);
  }

  ~Server() override {
    listeners_.clear();
    welcome_timer_.stop();
    if (local_.connection_count() + remote_.connection_count() == 0) return;
    local_.close_all();
    remote_.close_all();
    // The loop no longer runs: this is the end of one iteration, in which the connections end.
    loop_.stop();
    loop_.run();
  }

  Status listen(const uv::Address& address, std::string& failed) {
    server::Http1Server* to = address.unix_path.empty() ? &remote_ : &local_;
    auto listener = uv::Listener::listen(
        loop_, address,
        [this, to](std::unique_ptr<uv::Socket> socket) {
          auto connection = std::make_unique<transport::Connection>(loop_, std::move(socket), nullptr, Side::kClient);
          connection->start();
          to->serve(std::move(connection));
        },
        0600);
    if (!listener) {
      failed =
          "cannot listen on " + address.to_text() + ": " + std::generic_category().message(listener.error().sys_errno);
      return tl::unexpected(listener.error());
    }
    const uv::Address local = (*listener)->local();
    log_info("listening",
             {{"what", "admin"}, {"address", address.unix_path.empty() ? local.to_text() : address.to_text()}});
    listeners_.push_back(std::move(*listener));
    return {};
  }

  void committed() override {
    metrics_.committed();
    changes_.committed();
  }

  std::vector<std::string> templates() const override { return router_.templates(); }

  void set_token(const std::string& token) override { remote_acceptor_.set_token(token); }

  void drain(std::function<void()> done) override {
    listeners_.clear();
    health_.set_ready(false);
    local_acceptor_.end_streams();
    remote_acceptor_.end_streams();
    const std::function<void()> one_done = after_calls(2, std::move(done));
    local_.drain(one_done);
    remote_.drain(one_done);
  }

  void close_all() override {
    local_.close_all();
    remote_.close_all();
  }

 private:
  uv::Loop& loop_;
  admin::Router router_;
  admin::Api api_;
  admin::Machines machines_;
  admin::MachineEvents machine_events_;
  admin::Tokens tokens_;
  admin::AccessTokens access_tokens_;
  admin::JoinTokens join_tokens_;
  admin::Projects projects_;
  admin::Services services_;
  admin::RouteTransfer transfer_;
  admin::Routes routes_;
  admin::Domains domains_;
  admin::Shares shares_;
  admin::Certificates certificates_;
  admin::Effective effective_;
  admin::Tunnels tunnels_;
  admin::Loops loops_;
  admin::BrokerProcess process_;
  admin::Changes changes_;
  admin::Exchanges exchanges_;
  admin::Traffic traffic_;
  admin::History history_;
  admin::Metrics metrics_;
  admin::Batch batch_;
  admin::Why why_;
  admin::Health health_;
  admin::HostList hosts_;
  admin::Sessions sessions_;
  admin::Login login_;
  admin::AdminAcceptor local_acceptor_;
  admin::AdminAcceptor remote_acceptor_;
  server::Http1Server local_;
  server::Http1Server remote_;
  uv::Timer welcome_timer_;
  std::vector<std::unique_ptr<uv::Listener>> listeners_;
};

}  // namespace

Result<std::unique_ptr<AdminServer>> AdminServer::start(const AdminOptions& options, const AdminParts& parts,
                                                        std::string& problem) {
  auto server = std::make_unique<Server>(options, parts);
  for (const uv::Address& address : options.addresses) {
    if (const Status listening = server->listen(address, problem); !listening) {
      return tl::unexpected(listening.error());
    }
  }
  return server;
}

}  // namespace ingress::broker
