// common/tls's contexts and sessions without cryptography: the same calls, the same flights (hello, hello, finished),
// records and close_notify, all in clear. Real handshakes would cost most of a run's time and differ each time. Defined
// in the simulator's own objects, so that the linker leaves the real ones in their archive.
#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "common/tls/tls_context.h"
#include "common/tls/tls_session.h"

namespace ingress::tls {

struct ServerContext::Impl {
  std::vector<std::string> alpn;
  std::vector<Certificate> certificates;
};

ServerContext::ServerContext(std::vector<std::string> alpn)
    : impl_(std::make_unique<Impl>(Impl{std::move(alpn), {}})) {}
ServerContext::~ServerContext() = default;
Status ServerContext::load(const std::string&, const std::function<void(const std::string&, const Error&)>&) {
  return {};
}
void ServerContext::choose_at(long long) {}
const Certificate* ServerContext::find(const std::string&) const { return nullptr; }
const std::vector<Certificate>& ServerContext::certificates() const { return impl_->certificates; }
void ServerContext::use_ticket_keys(const TicketKeyMemory&) {}
void ServerContext::use_maker(CertificateMaker&) {}
bool ServerContext::can_make(const std::string&) const { return false; }

struct ClientContext::Impl {
  std::string alpn;
};

ClientContext::ClientContext() = default;
ClientContext::~ClientContext() = default;
Result<std::unique_ptr<ClientContext>> ClientContext::create(const std::string&, const std::vector<std::string>& alpn,
                                                             LeastVersion) {
  std::unique_ptr<ClientContext> context(new ClientContext());
  context->impl_ = std::make_unique<Impl>(Impl{alpn.front()});
  return context;
}

std::unique_ptr<ClientContext> ClientContext::create_for_loopback() {
  std::unique_ptr<ClientContext> context(new ClientContext());
  context->impl_ = std::make_unique<Impl>();
  return context;
}

struct TlsSession::Impl {
  static constexpr size_t kHeaderBytes = 3;
  static constexpr size_t kMostPlainBytes = 16384;
  // The first as in TLS, by which a request in clear is told from it.
  enum Type : uint8_t { kClientHello = 0x16, kServerHello = 'S', kFinished = 'F', kData = 'D', kClose = 'N' };

  void put(Type type, Bytes payload, ByteBuffer& out) {
    uint8_t header[kHeaderBytes] = {type};
    put_u16(header + 1, static_cast<uint32_t>(payload.size()));
    out.append(header);
    out.append(payload);
  }
  // The next whole record's payload, in input; false where it is not there.
  bool whole(Type& type, size_t& size) {
    const Bytes bytes = unread();
    if (bytes.size() < kHeaderBytes) return false;
    type = static_cast<Type>(bytes[0]);
    size = get_u16(bytes.data() + 1);
    return bytes.size() >= kHeaderBytes + size;
  }
  // All that is unread, in one piece.
  Bytes unread() {
    if (kept.empty()) return given;
    kept.append(given);
    given = {};
    return kept.view();
  }
  void consume(size_t size) {
    if (kept.empty()) {
      given = given.subspan(size);
    } else {
      kept.consume(size);
    }
  }
  Status shake(ByteBuffer& out);

  bool server = false;
  bool done = false;
  bool peer_closed = false;
  std::vector<std::string> offers;  // ALPN
  std::string alpn;
  Bytes given;
  ByteBuffer kept;         // before `given`
  size_t record_left = 0;  // of the data record that is being read
};

Status TlsSession::Impl::shake(ByteBuffer& out) {
  Type type{};
  size_t size = 0;
  while (!done && whole(type, size)) {
    const std::string payload(as_text(unread().subspan(kHeaderBytes, size)));
    consume(kHeaderBytes + size);
    if (server && type == kClientHello) {
      const bool known = std::find(offers.begin(), offers.end(), payload) != offers.end();
      if (known) alpn = payload;
      put(kServerHello, as_bytes(alpn), out);
    } else if (server && type == kFinished) {
      done = true;
    } else if (!server && type == kServerHello) {
      alpn = payload;
      put(kFinished, {}, out);
      done = true;
    } else {
      return fail(ErrorCode::kTlsFailed, Side::kInternal, "TLS handshake");
    }
  }
  return {};
}

TlsSession::TlsSession() : impl_(std::make_unique<Impl>()) {}
TlsSession::~TlsSession() = default;

std::unique_ptr<TlsSession> TlsSession::accept(const ServerContext&) {
  std::unique_ptr<TlsSession> session(new TlsSession());
  session->impl_->server = true;
  session->impl_->offers = {"iterate-tunnel/1", "h2", "http/1.1"};
  return session;
}

std::unique_ptr<TlsSession> TlsSession::connect(const ClientContext&, const std::string&) {
  std::unique_ptr<TlsSession> session(new TlsSession());
  session->impl_->offers = {"iterate-tunnel/1"};
  return session;
}

void TlsSession::offer(const std::string& alpn, LeastVersion) { impl_->offers = {alpn}; }

Status TlsSession::start(ByteBuffer& out) {
  if (!impl_->server) impl_->put(Impl::kClientHello, as_bytes(impl_->offers.front()), out);
  return {};
}

Status TlsSession::receive(Bytes ciphertext, ByteBuffer& out) {
  impl_->given = ciphertext;
  if (impl_->done) return {};
  const Status shaken = impl_->shake(out);
  if (shaken && !impl_->done) keep_unread();
  return shaken;
}

void TlsSession::keep_unread() {
  impl_->kept.append(impl_->given);
  impl_->given = {};
}

Result<size_t> TlsSession::read_plain(MutableBytes to, ByteBuffer&) {
  if (!impl_->done || to.empty()) return size_t{0};
  if (impl_->record_left == 0) {
    Impl::Type type{};
    size_t size = 0;
    if (impl_->peer_closed || !impl_->whole(type, size)) {
      keep_unread();
      return size_t{0};
    }
    impl_->consume(Impl::kHeaderBytes);
    if (type == Impl::kClose) {
      impl_->peer_closed = true;
      return size_t{0};
    }
    if (type != Impl::kData) return fail(ErrorCode::kTlsFailed, Side::kInternal, "TLS record");
    impl_->record_left = size;
  }
  const size_t size = std::min(to.size(), impl_->record_left);
  std::memcpy(to.data(), impl_->unread().data(), size);
  impl_->consume(size);
  impl_->record_left -= size;
  return size;
}

Status TlsSession::write_plain(Bytes plain, ByteBuffer& out) {
  assert(handshake_done());
  while (!plain.empty()) {
    const Bytes piece = plain.first(std::min(plain.size(), Impl::kMostPlainBytes));
    impl_->put(Impl::kData, piece, out);
    plain = plain.subspan(piece.size());
  }
  return {};
}

void TlsSession::close_notify(ByteBuffer& out) {
  if (impl_->done) impl_->put(Impl::kClose, {}, out);
}

bool TlsSession::handshake_done() const { return impl_->done; }
bool TlsSession::peer_closed() const { return impl_->peer_closed; }
std::string_view TlsSession::alpn() const { return impl_->alpn; }
std::string_view TlsSession::server_name() const { return {}; }
std::string_view TlsSession::version() const { return "clear"; }

}  // namespace ingress::tls
