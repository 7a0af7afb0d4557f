#include "common/server/http2_server.h"

namespace ingress::server {

Http2Server::Http2Server(uv::Loop& loop, RequestAcceptor& acceptor, const ConnectionOptions& options)
    : loop_(loop), acceptor_(acceptor), options_(options), connections_(loop) {}

void Http2Server::serve(std::unique_ptr<transport::Connection> connection, MutableBytes begun) {
  Http2Connection& added = connections_.add(std::make_unique<Http2Connection>(*this, std::move(connection)));
  if (!begun.empty()) added.receive(begun);
  if (connections_.draining()) added.drain();
}

}  // namespace ingress::server
