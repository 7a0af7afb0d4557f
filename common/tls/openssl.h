// Owners of OpenSSL's objects, and its error queue as errors of ours. Private to common/tls.
#pragma once

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "common/base/error.h"

namespace ingress::tls {

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using BioPtr = std::unique_ptr<BIO, Free<BIO_free>>;
using SslPtr = std::unique_ptr<SSL, Free<SSL_free>>;
using X509Ptr = std::unique_ptr<X509, Free<X509_free>>;

// The first error of the thread's queue, as static text; `otherwise` where the queue is empty. Clears the queue.
Error openssl_error(ErrorCode code, const char* otherwise);

// What both roles share: versions from `least_version` on, ciphers and groups in our order, small idle sessions.
void configure(SSL_CTX* context, int least_version);

// The wire form of ALPN names (RFC 7301, 3.1). Names over 255 bytes are left out.
std::string alpn_wire(const std::vector<std::string>& names);

}  // namespace ingress::tls
