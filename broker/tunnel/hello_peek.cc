#include "broker/tunnel/hello_peek.h"

#include "common/tunnel/control_message.h"
#include "proto/tunnel.pb.h"

namespace ingress::broker {

HelloPeek::State HelloPeek::take(MutableBytes bytes) {
  using tunnel::FrameDecoder;
  const FrameDecoder::Event event = decoder_.next(bytes);
  if (event == FrameDecoder::Event::kNeedMore) return State::kMore;
  if (event != FrameDecoder::Event::kFrame) return State::kNone;
  iterate::tunnel::v1::Hello hello;
  if (!tunnel::read_message(hello, decoder_.payload())) return State::kNone;
  machine_ = hello.machine();
  token_ = hello.token();
  return State::kFound;
}

}  // namespace ingress::broker
