#include "common/tunnel/breach.h"

#include <array>

#include "proto/tunnel.pb.h"

namespace ingress::tunnel {
namespace {

using Goaway = ::iterate::tunnel::v1::Goaway;

constexpr std::array<BreachInfo, 11> kInfos = {{
    {ErrorCode::kProtocol, Goaway::PROTOCOL_ERROR, "malformed frame"},
    {ErrorCode::kProtocol, Goaway::PROTOCOL_ERROR, "frame not allowed in this direction or state"},
    {ErrorCode::kProtocol, Goaway::UNKNOWN_FRAME_TYPE, "unknown critical frame type"},
    {ErrorCode::kProtocol, Goaway::FRAME_TOO_LARGE, "frame too large"},
    {ErrorCode::kProtocol, Goaway::INVALID_HEAD, "malformed head"},
    {ErrorCode::kProtocol, Goaway::PROTOCOL_ERROR, "malformed control message"},
    {ErrorCode::kProtocol, Goaway::PROTOCOL_ERROR, "unknown protocol version"},
    {ErrorCode::kProtocol, Goaway::PROTOCOL_ERROR, "frame for a stream that was never opened"},
    {ErrorCode::kProtocol, Goaway::PROTOCOL_ERROR, "frame not allowed in the stream's state"},
    {ErrorCode::kFlowControl, Goaway::FLOW_CONTROL_ERROR, "credit overrun"},
    {ErrorCode::kTimeout, Goaway::SILENT_PEER, "the other end is silent"},
}};

}  // namespace

const BreachInfo& info_of(Breach breach) { return kInfos[static_cast<size_t>(breach)]; }

}  // namespace ingress::tunnel
