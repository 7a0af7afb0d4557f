#include <openssl/err.h>
#include <openssl/ssl.h>

#include "common/tls/ca_locations.h"
#include "common/tls/openssl.h"
#include "common/tls/provider.h"
#include "common/tls/tls_context.h"

namespace ingress::tls {
namespace {

// OpenSSL's own places (or what the environment says), and the machine's where those are not the same.
void trust_system(SSL_CTX* context) {
  SSL_CTX_set_default_verify_paths(context);
  if (ca_location_is_said()) return;
  const CaLocation location = find_ca_location("");
  if (!location.folder.empty()) SSL_CTX_load_verify_dir(context, location.folder.c_str());
  if (!location.file.empty()) SSL_CTX_load_verify_file(context, location.file.c_str());
}

}  // namespace

struct ClientContext::Impl {
  std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>> context{
      SSL_CTX_new_ex(nullptr, session_properties(), TLS_client_method())};
};

ClientContext::ClientContext() : impl_(std::make_unique<Impl>()) {}
ClientContext::~ClientContext() = default;

Result<std::unique_ptr<ClientContext>> ClientContext::create(const std::string& ca_file,
                                                             const std::vector<std::string>& alpn, LeastVersion least) {
  ERR_clear_error();
  std::unique_ptr<ClientContext> created(new ClientContext());
  SSL_CTX* const context = created->raw();
  configure(context, least == LeastVersion::kTls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  trust_system(context);
  if (!ca_file.empty() && SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1) {
    return tl::unexpected(openssl_error(ErrorCode::kInvalidArgument, "read the CA file"));
  }
  const std::string wire = alpn_wire(alpn);
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(wire.data()),
                          static_cast<unsigned>(wire.size()));
  ERR_clear_error();
  return created;
}

std::unique_ptr<ClientContext> ClientContext::create_for_loopback() {
  std::unique_ptr<ClientContext> created(new ClientContext());
  configure(created->raw(), TLS1_2_VERSION);
  SSL_CTX_set_verify(created->raw(), SSL_VERIFY_NONE, nullptr);
  ERR_clear_error();
  return created;
}

ssl_ctx_st* ClientContext::raw() const { return impl_->context.get(); }

}  // namespace ingress::tls
