#include "common/server/http1_server.h"

namespace ingress::server {

Http1Server::Http1Server(uv::Loop& loop, RequestAcceptor& acceptor, const ConnectionOptions& options)
    : loop_(loop), acceptor_(acceptor), options_(options), connections_(loop) {}

void Http1Server::serve(std::unique_ptr<transport::Connection> connection) {
  Http1Connection& added = connections_.add(std::make_unique<Http1Connection>(*this, std::move(connection)));
  if (connections_.draining()) added.drain();
}

}  // namespace ingress::server
