// The part of libuv that common/uv calls, in virtual time: fake_uv.cc defines its functions before the library does.
#pragma once

namespace ingress::uv {
class Loop;
}

namespace ingress::sim {

class EpollSet;

// The one that the loop waits on.
EpollSet* epoll_set_of(uv::Loop& loop);

}  // namespace ingress::sim
