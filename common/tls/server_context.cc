#include <openssl/ssl.h>

#include <chrono>
#include <ctime>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "common/base/bytes.h"
#include "common/base/lower_case.h"
#include "common/tls/certificate_file.h"
#include "common/tls/certificate_set.h"
#include "common/tls/file_stamp.h"
#include "common/tls/openssl.h"
#include "common/tls/provider.h"
#include "common/tls/ticket_cipher.h"
#include "common/tls/tls_context.h"

namespace ingress::tls {
namespace {

constexpr std::string_view kTunnelAlpn = "iterate-tunnel/1";

std::string plain_name(std::string_view host) {
  std::string name = lower_case(host);
  if (name.ends_with('.')) name.pop_back();
  return name;
}

std::shared_ptr<ssl_ctx_st> new_context() {
  std::shared_ptr<ssl_ctx_st> context(SSL_CTX_new_ex(nullptr, session_properties(), TLS_server_method()), SSL_CTX_free);
  configure(context.get(), TLS1_2_VERSION);
  return context;
}

// Adds a certificate to those of one session, which has none of its kind yet.
bool add_certificate(SSL* ssl, const Certificate& certificate) {
  SSL_CTX* const context = certificate.context.get();
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context, &chain);
  return SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(context), SSL_CTX_get0_privatekey(context), chain, 0) == 1;
}

}  // namespace

struct ServerContext::Impl {
  void install_callbacks(SSL_CTX* context);
  std::shared_ptr<ssl_ctx_st> new_certificate_context();
  // The one that is loaded where the files are as they were then.
  Result<Certificate> load_pair(const std::string& crt_path);
  void replace_set(std::vector<Certificate> loaded);
  int choose_certificate(SSL* ssl);
  // Of the maker's; null where it makes none.
  SSL_CTX* made_for(std::string name);
  int choose_alpn(SSL* ssl, std::string_view offered, const unsigned char** out, unsigned char* out_size) const;

  struct Made {
    std::shared_ptr<ssl_ctx_st> context;
    std::chrono::steady_clock::time_point until;
  };

  std::vector<std::string> alpn;
  const TicketKeyMemory* ticket_keys = nullptr;
  CertificateMaker* maker = nullptr;
  std::unordered_map<std::string, Made> made;
  // Every session starts from this context, which has no certificate and seals the tickets: they outlive a reload. The
  // servername callback then moves the session to a certificate's.
  std::shared_ptr<ssl_ctx_st> base;
  CertificateSet set;
  std::unordered_map<std::string, PairStamp> stamps;  // by path: of the files that the set's were read from
};

SSL_CTX* ServerContext::Impl::made_for(std::string name) {
  const auto now = std::chrono::steady_clock::now();
  const auto found = made.find(name);
  if (found != made.end() && now < found->second.until) return found->second.context.get();
  std::shared_ptr<ssl_ctx_st> context = new_certificate_context();
  if (!maker->make(name, context.get())) return nullptr;
  if (made.size() >= kMostMade) made.clear();
  SSL_CTX* const raw = context.get();
  made.insert_or_assign(std::move(name), Made{std::move(context), now + kMadeFor});
  return raw;
}

int ServerContext::Impl::choose_certificate(SSL* ssl) {
  if (set.certificates().empty()) return SSL_TLSEXT_ERR_ALERT_FATAL;
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const CertificateSet::Chosen* const found = name == nullptr ? nullptr : set.find(plain_name(name));
  if (found == nullptr && name != nullptr && maker != nullptr) {
    SSL_CTX* const context = made_for(plain_name(name));
    if (context != nullptr)
      return SSL_set_SSL_CTX(ssl, context) == nullptr ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_OK;
  }
  const CertificateSet::Chosen chosen = found == nullptr ? set.fallback() : *found;
  if (SSL_set_SSL_CTX(ssl, set[chosen.best].context.get()) == nullptr) return SSL_TLSEXT_ERR_ALERT_FATAL;
  // Of two kinds OpenSSL takes the one that our preferences put first and the client knows: ECDSA before RSA.
  if (chosen.other_kind && !add_certificate(ssl, set[*chosen.other_kind])) return SSL_TLSEXT_ERR_ALERT_FATAL;
  return SSL_TLSEXT_ERR_OK;
}

int ServerContext::Impl::choose_alpn(SSL* ssl, std::string_view offered, const unsigned char** out,
                                     unsigned char* out_size) const {
  for (const std::string& ours : alpn) {
    for (size_t at = 0; at < offered.size();) {
      const auto size = static_cast<unsigned char>(offered[at]);
      const std::string_view theirs = offered.substr(at + 1, size);
      at += 1u + size;
      if (theirs != ours) continue;
      if (ours == kTunnelAlpn && SSL_version(ssl) < TLS1_3_VERSION) return SSL_TLSEXT_ERR_ALERT_FATAL;
      *out = reinterpret_cast<const unsigned char*>(theirs.data());
      *out_size = size;
      // A tunnel lives long and is never resumed: tickets would only cost memory at both ends.
      if (ours == kTunnelAlpn) SSL_set_num_tickets(ssl, 0);
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_NOACK;
}

void ServerContext::Impl::install_callbacks(SSL_CTX* context) {
  SSL_CTX_set_app_data(context, this);
  const auto on_servername = [](SSL* ssl, int*, void* self) {
    return static_cast<Impl*>(self)->choose_certificate(ssl);
  };
  SSL_CTX_set_tlsext_servername_callback(context, +on_servername);
  SSL_CTX_set_tlsext_servername_arg(context, this);
  const auto on_alpn = [](SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                          unsigned in_size, void* self) {
    return static_cast<const Impl*>(self)->choose_alpn(ssl, as_text({in, in_size}), out, out_size);
  };
  SSL_CTX_set_alpn_select_cb(context, +on_alpn, this);
}

// A session asks the context it was moved to for its ALPN, so every one has the callbacks.
std::shared_ptr<ssl_ctx_st> ServerContext::Impl::new_certificate_context() {
  std::shared_ptr<ssl_ctx_st> context = new_context();
  install_callbacks(context.get());
  return context;
}

// Most of a load's time is a context's: of a folder that hardly changed it costs a look at each file.
Result<Certificate> ServerContext::Impl::load_pair(const std::string& crt_path) {
  const PairStamp now = PairStamp::of(crt_path);  // before they are read: a later write is seen by the next load
  const Certificate* const last_good = set.of_path(crt_path);
  const auto before = stamps.find(crt_path);
  if (last_good != nullptr && before != stamps.end() && before->second.is_still(now)) return *last_good;
  Result<Certificate> certificate = load_certificate(crt_path, new_certificate_context());
  if (certificate) stamps[crt_path] = now;
  return certificate;
}

void ServerContext::Impl::replace_set(std::vector<Certificate> loaded) {
  set = CertificateSet(std::move(loaded), std::time(nullptr));
  std::erase_if(stamps, [this](const auto& entry) { return set.of_path(entry.first) == nullptr; });
}

ServerContext::ServerContext(std::vector<std::string> alpn) : impl_(std::make_unique<Impl>()) {
  impl_->alpn = std::move(alpn);
  impl_->base = impl_->new_certificate_context();
}

ServerContext::~ServerContext() = default;

Status ServerContext::load(const std::string& folder,
                           const std::function<void(const std::string& path, const Error&)>& on_bad_pair) {
  const auto paths = list_certificates(folder);
  if (!paths) on_bad_pair(folder, paths.error());
  std::vector<Certificate> loaded;
  for (const std::string& path : paths ? *paths : std::vector<std::string>()) {
    Result<Certificate> certificate = impl_->load_pair(path);
    if (certificate) {
      loaded.push_back(std::move(*certificate));
      continue;
    }
    on_bad_pair(path, certificate.error());
    if (const Certificate* last_good = impl_->set.of_path(path)) loaded.push_back(*last_good);
  }
  // A folder that is empty, or away, is being replaced: what was loaded serves on.
  if (!loaded.empty()) impl_->replace_set(std::move(loaded));
  if (!impl_->set.certificates().empty()) return {};
  if (!paths) return tl::unexpected(paths.error());
  return fail(ErrorCode::kInvalidArgument, Side::kInternal, "no certificate can be served");
}

const Certificate* ServerContext::find(const std::string& host) const {
  const CertificateSet::Chosen* const chosen = impl_->set.find(plain_name(host));
  return chosen == nullptr ? nullptr : &impl_->set[chosen->best];
}

const std::vector<Certificate>& ServerContext::certificates() const { return impl_->set.certificates(); }

void ServerContext::choose_at(long long now) { impl_->set.choose_at(now); }

void ServerContext::use_ticket_keys(const TicketKeyMemory& keys) {
  impl_->ticket_keys = &keys;
  SSL_CTX_set_tlsext_ticket_key_evp_cb(
      raw(), [](SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int seal) {
        const auto* impl = static_cast<const Impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
        return seal != 0 ? seal_ticket(*impl->ticket_keys, name, iv, cipher, mac)
                         : open_ticket(*impl->ticket_keys, name, iv, cipher, mac);
      });
}

void ServerContext::use_maker(CertificateMaker& maker) { impl_->maker = &maker; }

bool ServerContext::can_make(const std::string& host) const {
  return impl_->maker != nullptr && impl_->maker->covers(plain_name(host));
}

ssl_ctx_st* ServerContext::raw() const { return impl_->base.get(); }

}  // namespace ingress::tls
