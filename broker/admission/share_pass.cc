#include "broker/admission/share_pass.h"

#include <algorithm>
#include <utility>

#include "broker/model/expiry.h"
#include "common/base/trim.h"
#include "common/tls/digest.h"

namespace ingress::broker {
namespace {

constexpr std::string_view kParameter = "__share=";
// With the begin of every share's id.
constexpr std::string_view kLink = "__share=sh_";
constexpr size_t kSecretLetters = 43;  // 32 bytes in base64url

std::string_view query_of(std::string_view target) {
  const size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

bool is_base64url(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// "__share=ID.SECRET", in its form: an application may have a parameter of that name, too.
bool is_link(std::string_view part) {
  if (!part.starts_with(kLink)) return false;
  const size_t point = part.find('.', kLink.size());
  if (point == std::string_view::npos || point == kLink.size()) return false;
  const std::string_view secret = part.substr(point + 1);
  return secret.size() == kSecretLetters && std::all_of(secret.begin(), secret.end(), is_base64url);
}

// Calls `take` for each part between `separator`s, without the blanks around it.
template <class Take>
void each_part(std::string_view text, char separator, Take take) {
  while (!text.empty()) {
    const size_t end = text.find(separator);
    std::string_view part = text.substr(0, end);
    while (!part.empty() && is_blank(part.front())) part.remove_prefix(1);
    take(part);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

std::string_view link_in(std::string_view target) {
  std::string_view found;
  each_part(query_of(target), '&', [&found](std::string_view part) {
    if (found.empty() && is_link(part)) found = part.substr(kParameter.size());
  });
  return found;
}

// What the cookie binds together, under a key that only the broker has.
std::string seal(const Share& share) {
  return tls::hmac_sha256_hex(share.sha256, "ingress share cookie 1\n" + share.id + "\n" + share.host + "\n" +
                                                std::to_string(share.port) + "\n" + share.path);
}

std::string cookie_value(const Share& share) { return tls::to_base64url(share.path) + "." + seal(share); }

// The request's path is the share's or below it.
bool within(const RequestPath& path, const Share& share) {
  RequestPath allowed;
  allowed.set(share.path);
  if (path.ambiguous() || path.size() < allowed.size()) return false;
  for (size_t i = 0; i < allowed.size(); ++i) {
    if (path.segment(i) != allowed.segment(i)) return false;
  }
  return true;
}

// A host of a project is the project's, whatever machine is attached to it now; any other is its machine's.
bool has_owner(const Share& share, const SharePlace& place) {
  return place.project.empty() ? share.machine == place.machine : share.project == place.project;
}

bool is_for(const Share& share, const Asked& asked, const SharePlace& place) {
  return share.host == asked.host_name && has_owner(share, place) && share.port == place.port &&
         within(place.path, share);
}

// A WebSocket of another site would come with the cookie of its visitor.
bool is_same_site(const Asked& asked) {
  const http::Field* origin = http::find_field(asked.head.fields, "Origin");
  if (origin == nullptr) return true;
  const size_t slashes = origin->value.find("://");
  return slashes != std::string_view::npos && http::iequals(origin->value.substr(slashes + 3), asked.host);
}

ShareVerdict verdict_of(const Share& share, ShareOutcome outcome, int64_t now) {
  ShareVerdict verdict;
  verdict.share = share.id;
  verdict.expires_at = share.expires_at;
  verdict.outcome = is_over(share.expires_at, now) ? ShareOutcome::kExpired : outcome;
  return verdict;
}

ShareVerdict by_cookie(const Asked& asked, const SharePlace& place,
                       const std::function<const Share*(std::string_view id)>& find) {
  ShareVerdict best;
  if (asked.upgrade && !is_same_site(asked)) return best;
  for (const http::Field& field : asked.head.fields) {
    if (!http::iequals(field.name, "Cookie")) continue;
    each_part(field.value, ';', [&best, &asked, &place, &find](std::string_view pair) {
      const size_t equals = pair.find('=');
      if (best.outcome == ShareOutcome::kIn || !pair.starts_with(kShareCookie) || equals == std::string_view::npos)
        return;
      const Share* share = find(pair.substr(kShareCookie.size(), equals - kShareCookie.size()));
      if (share == nullptr || is_gone(share->expires_at, asked.now) || !is_for(*share, asked, place)) return;
      if (!tls::equal_constant_time(pair.substr(equals + 1), cookie_value(*share))) return;
      best = verdict_of(*share, ShareOutcome::kIn, asked.now);
    });
  }
  return best;
}

// Its time is the share's, which may be prolonged: the cookie has none of its own.
std::string set_cookie(const Share& share, bool frameable) {
  std::string cookie =
      std::string(kShareCookie) + share.id + "=" + cookie_value(share) + "; Path=/; Secure; HttpOnly; ";
  cookie += frameable ? "SameSite=None; Partitioned" : "SameSite=Lax";
  return cookie;
}

}  // namespace

std::optional<std::string> without_share_link(std::string_view target) {
  std::string_view query = query_of(target);
  query = query.substr(0, query.find('#'));
  if (query.find(kLink) == std::string_view::npos) return std::nullopt;
  const size_t begin = target.find('?');
  const std::string_view fragment = target.substr(begin + 1 + query.size());
  std::string kept(target.substr(0, begin));
  char separator = '?';
  bool found = false;
  // What is not a link stays byte by byte, empty parts too.
  for (bool more = true; more;) {
    const size_t end = query.find('&');
    const std::string_view part = query.substr(0, end);
    more = end != std::string_view::npos;
    if (more) query.remove_prefix(end + 1);
    if (is_link(part)) {
      found = true;
      continue;
    }
    kept.push_back(std::exchange(separator, '&'));
    kept.append(part);
  }
  if (!found) return std::nullopt;
  return kept.append(fragment);
}

ShareVerdict judge_share(const Asked& asked, const SharePlace& place,
                         const std::function<const Share*(std::string_view id)>& find, bool frameable) {
  const std::string_view link = link_in(asked.target);
  const size_t point = link.find('.');
  if (point == std::string_view::npos) return by_cookie(asked, place, find);
  const Share* share = find(link.substr(0, point));
  const bool good = share != nullptr && !is_gone(share->expires_at, asked.now) &&
                    tls::equal_constant_time(tls::sha256_hex(link.substr(point + 1)), share->sha256) &&
                    is_for(*share, asked, place);
  if (!good) return {};
  const bool follows = (asked.head.method == "GET" || asked.head.method == "HEAD") && !asked.upgrade;
  ShareVerdict verdict = verdict_of(*share, follows ? ShareOutcome::kFollow : ShareOutcome::kIn, asked.now);
  verdict.target = without_share_link(asked.target).value_or(std::string(asked.target));
  if (verdict.outcome == ShareOutcome::kFollow) verdict.cookie = set_cookie(*share, frameable);
  return verdict;
}

std::optional<std::string> without_share_cookies(std::string_view cookies) {
  if (cookies.find(kShareCookie) == std::string_view::npos) return std::nullopt;
  std::string kept;
  bool found = false;
  each_part(cookies, ';', [&kept, &found](std::string_view pair) {
    if (pair.starts_with(kShareCookie)) {
      found = true;
      return;
    }
    if (!kept.empty()) kept += "; ";
    kept.append(pair);
  });
  // The text may be in a value, or within another's name.
  if (!found) return std::nullopt;
  return kept;
}

std::string_view take_off_link(std::string_view target, http::Scratch& scratch) {
  const std::optional<std::string> kept = without_share_link(target);
  return kept ? scratch.add(*kept) : target;
}

void take_off_passes(http::Scratch& scratch, http::Fields& fields) {
  bool emptied = false;
  for (http::Field& field : fields) {
    std::optional<std::string> kept;
    if (http::iequals(field.name, "Cookie")) {
      kept = without_share_cookies(field.value);
    } else if (http::iequals(field.name, "Referer")) {
      kept = without_share_link(field.value);
    }
    if (!kept) continue;
    field.value = scratch.add(*kept);
    emptied = emptied || kept->empty();
  }
  if (!emptied) return;
  std::erase_if(fields,
                [](const http::Field& field) { return field.value.empty() && http::iequals(field.name, "Cookie"); });
}

}  // namespace ingress::broker
