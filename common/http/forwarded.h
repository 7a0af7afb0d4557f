// What a proxy that is believed says of the client (X-Forwarded-For, -Host, -Proto, -Port). Pure functions over fields;
// whether it is believed, the caller knows. Views are of the fields' values.
#pragma once

#include <string>
#include <string_view>

#include "common/http/head.h"

namespace ingress::http {

// The value of the field of that name, "" where there is none. Of several the last one counts, and of a list its last
// element: the proxy that is believed has put it there.
std::string_view last_said(const Fields& fields, std::string_view name);
// All fields of that name as one list, instead of what `list` held.
void join_said(const Fields& fields, std::string_view name, std::string& list);

// "https", "http", or "" for neither.
std::string_view said_scheme(const Fields& fields);
// With its port, if any; "" for none, or one that is malformed.
std::string_view said_host(const Fields& fields);
// 0 for what is no port.
int said_port(const Fields& fields);

// The port that a Host is asked at: its own, else the scheme's.
int port_asked(std::string_view host, bool tls);

}  // namespace ingress::http
