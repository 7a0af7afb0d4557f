// OpenSSL as a whole.
#pragma once

namespace ingress::tls {

// Before anything else of common/tls, once, by a program that runs on machines it was not built for: the openssl.cnf of
// such a machine is not read. It may name modules of another OpenSSL.
void ignore_system_configuration();

}  // namespace ingress::tls
