// Fields that Connection names (RFC 9110, 7.6.1). Private to common/http.
#pragma once

#include "common/http/head.h"

namespace ingress::http {

// True where the value of a Connection field names a field, beside the options that everybody sends.
bool names_fields(std::string_view connection_value);

// Takes out of `out` what the Connection fields among `all` name. Host and Content-Length stay: they are meant for the
// origin, and the message is framed by one of them. At most 32 options are looked at (the readers refuse more).
void drop_nominated(const Fields& all, Fields& out);

}  // namespace ingress::http
