// What a policy changes in a request that it let in, and in the answer: fields, the path's prefix, fields that tell
// browsers to be careful, the domains of cookies. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/admission/asked.h"
#include "broker/admission/terms.h"
#include "broker/routing/route_index.h"
#include "common/http/forward_rules.h"

namespace ingress::broker {

// Adds to `terms` what the policy changes. Returned: why the request is refused instead (a path that servers read
// differently, where a prefix is to be taken off).
std::optional<Instead> plan_rewriting(const Resolution& found, const Asked& asked, Terms& terms);

// The path with one slash at its begin: browsers take `//name` and `/\name` for another site.
std::string local_path(std::string_view path);
// In lower case, with hyphens for underscores: the name whose every spelling http::drop_fields drops.
std::string folded_name(std::string_view name);
// The fields as they go to the origin; new values live in `terms`.
void rewrite_request(const Terms& terms, http::Fields& fields);
// Trailers of the request: what the head loses they lose, and nothing comes in its place.
void rewrite_request_trailers(const Terms& terms, http::Fields& trailers);
// The answer's, as they go to the client. `host` as the client sent it.
void rewrite_answer(const Terms& terms, bool tls, std::string_view host, http::Scratch& scratch, http::Fields& fields);
// Of an interim head and of trailers: the fields that the policy takes off or sets go, none comes in their place.
void drop_answer_fields(const Terms& terms, http::Fields& fields);
// What tells browsers to be careful, in an answer of ours too; a field that is there already stays.
void add_security_fields(SecurityHeaders which, bool tls, http::Fields& fields);

// A Set-Cookie may reach its host, and with `parent_too` the name above it; a Domain beyond is taken off.
void isolate_cookies(std::string_view host_name, bool parent_too, http::Scratch& scratch, http::Fields& fields);

}  // namespace ingress::broker
