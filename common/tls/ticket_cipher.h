// Seals and opens session tickets for OpenSSL 3 (SSL_CTX_set_tlsext_ticket_key_evp_cb, whose results these are).
// Private to common/tls.
#pragma once

#include <openssl/evp.h>

#include "common/tls/ticket_keys.h"

namespace ingress::tls {

// Writes the key's name and a new IV: 1; no ticket is sent without a key: 0; or -1.
int seal_ticket(const TicketKeyMemory& keys, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                EVP_MAC_CTX* mac);
// 1; 2 where the ticket is to be renewed; 0 where no key opens it (a full handshake); or -1.
int open_ticket(const TicketKeyMemory& keys, const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                EVP_MAC_CTX* mac);

}  // namespace ingress::tls
