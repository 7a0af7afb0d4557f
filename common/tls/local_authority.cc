#include "common/tls/local_authority.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <iterator>
#include <utility>

#include "common/base/address_block.h"
#include "common/tls/digest.h"
#include "common/tls/openssl.h"

namespace ingress::tls {
namespace {

using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

constexpr long kDaySeconds = 86400;
constexpr size_t kMostCommonName = 64;  // ub-common-name (RFC 5280, appendix A.1)
constexpr size_t kNameMark = 8;
// The blocks of NameScope::private_addresses, and the same as a certificate's constraints are written.
constexpr std::string_view kPrivate[] = {"127.0.0.0/8",    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                                         "169.254.0.0/16", "::1/128",    "fe80::/10",     "fc00::/7"};
constexpr const char* kPrivateBlocks =
    ",permitted;IP:127.0.0.0/255.0.0.0,permitted;IP:10.0.0.0/255.0.0.0,permitted;IP:172.16.0.0/255.240.0.0"
    ",permitted;IP:192.168.0.0/255.255.0.0,permitted;IP:169.254.0.0/255.255.0.0"
    ",permitted;IP:0:0:0:0:0:0:0:1/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF"
    ",permitted;IP:FE80:0:0:0:0:0:0:0/FFC0:0:0:0:0:0:0:0,permitted;IP:FC00:0:0:0:0:0:0:0/FE00:0:0:0:0:0:0:0";
// Where no address is in scope none may pass: 0.0.0.0/32 and ::/128 are nobody's.
constexpr const char* kNoAddress =
    ",permitted;IP:0.0.0.0/255.255.255.255"
    ",permitted;IP:0:0:0:0:0:0:0:0/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF";

tl::unexpected<Error> bad(const char* what) { return tl::unexpected(openssl_error(ErrorCode::kInvalidArgument, what)); }

KeyPtr new_key() { return KeyPtr(EVP_EC_gen("P-256")); }

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool set_serial(X509* certificate) {
  std::string bytes = random_bytes(16);
  bytes[0] = static_cast<char>(bytes[0] & 0x7f);  // positive (RFC 5280, 4.1.2.2)
  BIGNUM* const number =
      BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr);
  const bool set = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

// A longer name is cut: clients go by the alternative names.
X509Ptr new_certificate(EVP_PKEY* key, const std::string& common_name, int days) {
  X509Ptr certificate(X509_new());
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  const std::string shown = common_name.substr(0, kMostCommonName);
  const auto* text = reinterpret_cast<const unsigned char*>(shown.c_str());
  const bool good = X509_set_version(certificate.get(), X509_VERSION_3) == 1 && set_serial(certificate.get()) &&
                    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDaySeconds) != nullptr &&
                    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * kDaySeconds) != nullptr &&
                    X509_set_pubkey(certificate.get(), key) == 1 &&
                    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1;
  if (!good) certificate.reset();
  return certificate;
}

std::string constraints_of(const NameScope& scope) {
  std::string value = "critical";
  for (const std::string& domain : scope.domains) value += ",permitted;DNS:" + domain;
  return value + (scope.private_addresses ? kPrivateBlocks : kNoAddress);
}

// Clients find a CA by its name: those whose beginnings are the same differ by what a cut one ends with.
std::string authority_name(const std::string& name) {
  std::string whole = "ingress local CA (" + name + ")";
  if (whole.size() <= kMostCommonName) return whole;
  const std::string end = "... " + sha256_hex(name).substr(0, kNameMark) + ")";
  return whole.substr(0, kMostCommonName - end.size()) + end;
}

X509Ptr new_authority(EVP_PKEY* key, const std::string& common_name, const NameScope& scope) {
  X509Ptr certificate = new_certificate(key, common_name, LocalAuthority::kAuthorityDays);
  X509* const raw = certificate.get();
  const bool good = raw != nullptr && X509_set_issuer_name(raw, X509_get_subject_name(raw)) == 1 &&
                    add_extension(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    add_extension(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    add_extension(raw, raw, NID_subject_key_identifier, "hash") &&
                    add_extension(raw, raw, NID_name_constraints, constraints_of(scope)) &&
                    X509_sign(raw, key, EVP_sha256()) > 0;
  if (!good) certificate.reset();
  return certificate;
}

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FilePtr = std::unique_ptr<std::FILE, FileCloser>;

// Writes beside it and renames, so that nobody reads half a file.
template <class Write>
Status write_file(const std::string& path, mode_t mode, const Write& write) {
  const std::string temporary = path + ".new";
  std::remove(temporary.c_str());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  FilePtr file(fd < 0 ? nullptr : fdopen(fd, "w"));
  const bool written = file != nullptr && write(file.get()) && std::fflush(file.get()) == 0;
  file.reset();
  if (!written || std::rename(temporary.c_str(), path.c_str()) != 0) {
    return tl::unexpected(Error{ErrorCode::kIo, Side::kInternal, false, errno, "writing a certificate's file"});
  }
  return {};
}

Status write_pair(const std::string& base, const std::vector<X509*>& chain, EVP_PKEY* key) {
  const Status kept = write_file(base + ".key", 0600, [key](std::FILE* file) {
    return PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
  });
  if (!kept) return kept;
  return write_file(base + ".crt", 0644, [&chain](std::FILE* file) {
    for (X509* each : chain) {
      if (PEM_write_X509(file, each) != 1) return false;
    }
    return true;
  });
}

}  // namespace

bool NameScope::covers(std::string_view name) const {
  for (const std::string& domain : domains) {
    if (name == domain) return true;
    if (name.size() > domain.size() && name.ends_with(domain) && name[name.size() - domain.size() - 1] == '.') {
      return true;
    }
  }
  return false;
}

bool is_private_address(std::string_view ip) {
  const std::optional<IpAddress> address = IpAddress::parse(ip);
  if (!address) return false;
  // In a certificate an IPv4 address and its IPv6 form are two.
  const auto is_six = [](std::string_view text) { return text.find(':') != std::string_view::npos; };
  return std::any_of(std::begin(kPrivate), std::end(kPrivate), [&](std::string_view block) {
    return is_six(block) == is_six(ip) && AddressBlock::parse(block)->contains(*address);
  });
}

struct LocalAuthority::Impl {
  std::string path;
  NameScope scope;
  KeyPtr key;
  X509Ptr certificate;
  KeyPtr leaf_key;  // one for all leaves of this process

  bool read(const std::string& key_path);
  Status make(const std::string& base, const std::string& name);
  bool lasts() const;
  X509Ptr leaf(const std::string& common_name, const std::string& alternative_names) const;
};

bool LocalAuthority::Impl::read(const std::string& key_path) {
  const FilePtr crt_file(std::fopen(path.c_str(), "r"));
  const FilePtr key_file(std::fopen(key_path.c_str(), "r"));
  if (crt_file == nullptr || key_file == nullptr) return false;
  certificate.reset(PEM_read_X509(crt_file.get(), nullptr, nullptr, nullptr));
  key.reset(PEM_read_PrivateKey(key_file.get(), nullptr, nullptr, nullptr));
  return certificate != nullptr && key != nullptr && X509_check_private_key(certificate.get(), key.get()) == 1;
}

bool LocalAuthority::Impl::lasts() const {
  std::time_t in_a_year = std::time(nullptr) + 365 * kDaySeconds;
  return X509_cmp_time(X509_get0_notAfter(certificate.get()), &in_a_year) > 0;
}

Status LocalAuthority::Impl::make(const std::string& base, const std::string& name) {
  key = new_key();
  if (key == nullptr) return bad("making a key");
  certificate = new_authority(key.get(), authority_name(name), scope);
  if (certificate == nullptr) return bad("making the local CA");
  return write_pair(base, {certificate.get()}, key.get());
}

X509Ptr LocalAuthority::Impl::leaf(const std::string& common_name, const std::string& alternative_names) const {
  X509Ptr made = new_certificate(leaf_key.get(), common_name, kLeafDays);
  X509* const raw = made.get();
  const bool good = raw != nullptr && X509_set_issuer_name(raw, X509_get_subject_name(certificate.get())) == 1 &&
                    add_extension(raw, certificate.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(raw, certificate.get(), NID_key_usage, "critical,digitalSignature") &&
                    add_extension(raw, certificate.get(), NID_ext_key_usage, "serverAuth") &&
                    add_extension(raw, certificate.get(), NID_authority_key_identifier, "keyid") &&
                    add_extension(raw, certificate.get(), NID_subject_alt_name, alternative_names) &&
                    X509_sign(raw, key.get(), EVP_sha256()) > 0;
  if (!good) made.reset();
  return made;
}

LocalAuthority::LocalAuthority(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LocalAuthority::~LocalAuthority() = default;

Result<std::unique_ptr<LocalAuthority>> LocalAuthority::open(const std::string& folder, const std::string& name,
                                                             NameScope scope) {
  auto impl = std::make_unique<Impl>();
  const std::string base = folder + "/" + name;
  impl->path = base + ".crt";
  impl->scope = std::move(scope);
  if (!impl->read(base + ".key") || !impl->lasts()) {
    if (const Status made = impl->make(base, name); !made) return tl::unexpected(made.error());
  }
  impl->leaf_key = new_key();
  if (impl->leaf_key == nullptr) return bad("making a key");
  return std::unique_ptr<LocalAuthority>(new LocalAuthority(std::move(impl)));
}

const std::string& LocalAuthority::certificate_path() const { return impl_->path; }
const NameScope& LocalAuthority::scope() const { return impl_->scope; }

bool LocalAuthority::trusted() const {
  std::unique_ptr<X509_STORE, Free<X509_STORE_free>> store(X509_STORE_new());
  std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>> check(X509_STORE_CTX_new());
  X509_STORE_set_default_paths(store.get());
  const bool trusted = X509_STORE_CTX_init(check.get(), store.get(), impl_->certificate.get(), nullptr) == 1 &&
                       X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  return trusted;
}

Status LocalAuthority::issue(const std::string& name, ssl_ctx_st* context) const {
  const X509Ptr made = impl_->leaf(name, "DNS:" + name);
  if (made == nullptr || SSL_CTX_use_certificate(context, made.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, impl_->leaf_key.get()) != 1) {
    return bad("making a certificate");
  }
  return {};
}

Status LocalAuthority::issue_files(const std::string& folder, const std::string& file,
                                   const std::vector<std::string>& names,
                                   const std::vector<std::string>& addresses) const {
  std::string alternatives;
  for (const std::string& name : names) alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
  for (const std::string& address : addresses) alternatives += (alternatives.empty() ? "IP:" : ",IP:") + address;
  const X509Ptr made = impl_->leaf(names.front(), alternatives);
  if (made == nullptr) return bad("making a certificate");
  return write_pair(folder + "/" + file, {made.get()}, impl_->leaf_key.get());
}

}  // namespace ingress::tls
