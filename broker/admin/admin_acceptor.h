// Who may ask, and the beginning of each exchange: one acceptor for Unix sockets, one for TCP. Thread: the loop's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "broker/admin/admin_exchange.h"
#include "broker/admin/browser_check.h"
#include "broker/admin/router.h"
#include "broker/admin/sessions.h"
#include "broker/routing/route_table.h"
#include "broker/tcp/tcp_connects.h"
#include "common/server/exchange.h"

namespace ingress::broker::admin {

// A Unix socket is trusted by its file mode; over TCP every request but for /health, /ready, /openapi.json, /docs and
// the dashboard's files shows the operator's token, one of the access tokens, or the session of a browser that did.
struct Trust {
  bool by_file_mode = false;
  std::string token;                   // the operator's; "" admits nobody
  const RouteTable* tokens = nullptr;  // null admits nobody by an access token
  const Sessions* sessions = nullptr;  // null admits nobody by a session
  const HostList* hosts = nullptr;     // by which names browsers come; null for any
};

// The cookie of a session, and the field by which the page says its key.
inline constexpr std::string_view kSessionCookie = "__Host-admin-session";
inline constexpr std::string_view kSessionKeyField = "X-Ingress-Session";

// What a request shows of itself.
struct Credentials {
  ShownToken token;     // "" where none is shown
  std::string session;  // the id of the session that shows it, "" for none
};

struct Identity {
  Role role;
  std::string actor;  // for `changes`

  bool operator==(const Identity&) const = default;
};

class AdminAcceptor final : public server::RequestAcceptor {
 public:
  // `tcp` serves CONNECT (docs/tcp.md); where it is null nobody does.
  AdminAcceptor(const Router& router, Trust trust, tcp::TcpConnects* tcp = nullptr)
      : router_(router), trust_(std::move(trust)), tcp_(tcp) {}
  // Of the requests that come next.
  void set_token(const std::string& token) { trust_.token = token; }

  // Ends the answers that have no end of their own.
  void end_streams();
  // Those of whoever would not be let in any more, or as somebody else: a token that was revoked or is over. A request
  // of theirs that is not whole yet is answered 401.
  void end_unwelcome();

  server::RequestHandler* on_request(server::Responder& responder, const http::RequestHead& head,
                                     const server::RequestInfo& info) override;
  http::ErrorAnswer on_unreadable(const Error& error, const server::UnreadableRequest& request) override;

  // nullopt for nobody that is known.
  std::optional<Identity> identify(const Credentials& by) const;

 private:
  static ShownToken token_in(const http::RequestHead& head, std::string_view field);
  Credentials credentials_of(const http::RequestHead& head) const;
  // Of a browser that was led here by others; nullopt where all is well.
  std::optional<Answer> refuse_browser(const http::RequestHead& head, std::string_view path,
                                       const Credentials& by) const;
  // Who asks: for people.
  std::string why_unknown(const http::RequestHead& head) const;
  server::RequestHandler* connect(server::Responder& responder, const http::RequestHead& head);
  // What is answered before the body is read; nullopt where the request may go on.
  std::optional<Answer> refusal(const http::RequestHead& head, const std::optional<Target>& target,
                                const Credentials& by, const std::optional<Identity>& who) const;

  const Router& router_;
  Trust trust_;
  tcp::TcpConnects* tcp_;
  std::unordered_map<AdminExchange*, std::shared_ptr<AdminExchange>> running_;
};

}  // namespace ingress::broker::admin
