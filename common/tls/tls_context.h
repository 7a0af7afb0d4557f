// TLS settings and keys of one role. OpenSSL 3; TLS 1.2 and 1.3 towards clients, 1.3 only in tunnels, 1.2 and 1.3
// towards other people's servers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/error.h"

struct ssl_ctx_st;

namespace ingress::tls {

class TicketKeyMemory;

// A NAME.crt + NAME.key pair, loaded, and the DNS names that it serves (subjectAltName, lower case, `*.` wildcards).
struct Certificate {
  std::string path;
  std::vector<std::string> names;
  std::string issuer;        // its common name, or its organisation
  long long begins_at = 0;   // Unix seconds
  long long expires_at = 0;  // Unix seconds
  bool self_signed = false;
  std::shared_ptr<ssl_ctx_st> context;
};

// Certificates for names that no file serves, made when they are asked for. Thread: the loop's.
class CertificateMaker {
 public:
  // Puts a certificate for the name (lower case, no trailing dot) and its key into the context. False where the name is
  // none of its; the context is dropped then.
  virtual bool make(const std::string& name, ssl_ctx_st* context) = 0;
  virtual bool covers(const std::string& name) const = 0;

 protected:
  ~CertificateMaker() = default;
};

// The certificates of a --tls-dir: chosen by SNI, exact name before wildcard; the first in file order serves the rest.
// Of several for a name: one that is valid now, not self-signed where another is there, that ends last, and of equal
// ones the first in file order. Where an ECDSA and an RSA certificate both serve a name, each client is shown the one
// it knows, ECDSA before RSA. Loading again swaps the whole set for new handshakes: a pair whose files are what they
// were stays as it is, with the same `context`; one that fails to load is reported and the last good one of that path
// is kept. ALPN: `alpn` in order of our preference; a client that offers none of them goes on without.
class ServerContext {
 public:
  explicit ServerContext(std::vector<std::string> alpn);
  ~ServerContext();

  // Reads every pair of the folder that is new or changed. An error only where no certificate at all can be served.
  Status load(const std::string& folder, const std::function<void(const std::string& path, const Error&)>& on_bad_pair);
  // Chooses anew where a certificate began or ended by `now` (Unix seconds); costs one comparison where none did.
  void choose_at(long long now);
  // The best one that names the host (exactly or by wildcard); nullptr where none does.
  const Certificate* find(const std::string& host) const;
  const std::vector<Certificate>& certificates() const;
  // Tickets are sealed and opened by these keys, which outlive the context: a session resumes in every context that has
  // them. Before the first handshake; without, it has a key of its own.
  void use_ticket_keys(const TicketKeyMemory& keys);
  // Asked for names that no certificate of the folder has; it outlives the context. What it made is kept for
  // kMostMade names and kMadeFor at most.
  void use_maker(CertificateMaker& maker);
  // Whether one would be made for the host.
  bool can_make(const std::string& host) const;
  static constexpr size_t kMostMade = 1000;
  static constexpr std::chrono::hours kMadeFor{24};

  ssl_ctx_st* raw() const;  // for common/tls only

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The oldest version that a client speaks: tunnels are ours at both ends, other people's servers are what they are.
enum class LeastVersion : uint8_t { kTls12, kTls13 };

// Verifies the server's chain against the system's CAs and `ca_file` (may be empty), and its name; no setting skips
// that. AES-128-GCM first, P-256.
class ClientContext {
 public:
  static Result<std::unique_ptr<ClientContext>> create(const std::string& ca_file, const std::vector<std::string>& alpn,
                                                       LeastVersion least = LeastVersion::kTls13);
  // For a server of this very machine, on its loopback: TLS 1.2 or 1.3, whatever certificate it shows. Who could stand
  // between could read the server's memory as well.
  static std::unique_ptr<ClientContext> create_for_loopback();
  ~ClientContext();
  ssl_ctx_st* raw() const;

 private:
  ClientContext();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingress::tls
