// Share links and the cookies that they leave. A link is the path with `__share=ID.SECRET` in its query; whoever comes
// by it is sent on to the path without, with a cookie `__Host-ingress-ID`, whose value binds the share to its host,
// port and path. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "broker/admission/asked.h"
#include "broker/admission/terms.h"
#include "broker/model/records.h"
#include "broker/routing/request_path.h"
#include "common/http/forward_rules.h"

namespace ingress::broker {

inline constexpr std::string_view kShareCookie = "__Host-ingress-";

// Where the request was resolved to.
struct SharePlace {
  std::string_view machine;
  std::string_view project;  // whose host it is, "" for none
  int port = 0;
  const RequestPath& path;
};

enum class ShareOutcome : uint8_t {
  kNone,     // no link and no cookie of a share that is there
  kIn,       // by a cookie, or by a link that cannot be followed (a POST, a WebSocket)
  kFollow,   // by a link: send it on, with the cookie
  kExpired,  // it was good until lately
};

struct ShareVerdict {
  ShareOutcome outcome = ShareOutcome::kNone;
  std::string share;       // id
  int64_t expires_at = 0;  // Unix seconds, 0 for never
  std::string target;      // without the link's part, where it had one
  std::string cookie;      // kFollow: the whole Set-Cookie value
};

// `find`: null for an id that is not there.
ShareVerdict judge_share(const Asked& asked, const SharePlace& place,
                         const std::function<const Share*(std::string_view id)>& find, bool frameable);

// What lets in is for the broker alone: an origin, or a server that decides, could come in by it, at other places of
// the host too. So no request goes on with it, whatever its policy.

// The target, or a URL, without a link in its query; nullopt where it has none.
std::optional<std::string> without_share_link(std::string_view target);
// The value of a Cookie field without the cookies of shares; nullopt where it has none of them.
std::optional<std::string> without_share_cookies(std::string_view cookies);
// A request's target and its fields (Cookie, Referer) as they go on; new text lives in the scratch. Costs a search of
// the query and of those fields where there is nothing to take off.
std::string_view take_off_link(std::string_view target, http::Scratch& scratch);
void take_off_passes(http::Scratch& scratch, http::Fields& fields);

}  // namespace ingress::broker
