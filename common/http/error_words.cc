#include "common/http/error_words.h"

namespace ingress::http {

std::string_view message_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidHost:
      return "The request's Host is not a host name that can be served.";
    case ErrorCode::kInvalidPort:
      return "The host names neither a port (1 to 65535) nor a service of the project.";
    case ErrorCode::kInvalidProjectSlug:
      return "The host does not name a project.";
    case ErrorCode::kInvalidProxyTargetHost:
      return "X-Iterate-Proxy-Target-Host does not name a port of this machine.";
    case ErrorCode::kMissingProxyTargetHost:
      return "X-Iterate-Proxy-Target-Host is missing.";
    case ErrorCode::kBadRequest:
      return "The request is malformed or ambiguous.";
    case ErrorCode::kMethodNotAllowed:
      return "The method is not served here.";
    case ErrorCode::kUnauthorized:
      return "The request needs credentials.";
    case ErrorCode::kForbidden:
      return "The policy of this host does not let the request in.";
    case ErrorCode::kRouteNotFound:
      return "No route leads from this host to a machine.";
    case ErrorCode::kProjectNotFound:
      return "There is no project of this name.";
    case ErrorCode::kMachineNotFound:
      return "There is no machine of this name.";
    case ErrorCode::kServiceNotFound:
      return "The project has no service of this name.";
    case ErrorCode::kRouteExpired:
      return "This address was good for a limited time, which is over.";
    case ErrorCode::kMachineNotRoutable:
      return "No machine is attached here, or the machine is archived.";
    case ErrorCode::kBodyTooLarge:
      return "The request's body is larger than the policy allows.";
    case ErrorCode::kRateLimited:
      return "There were too many requests.";
    case ErrorCode::kHeaderTooLarge:
      return "The request's head is too large.";
    case ErrorCode::kProxyError:
      return "The machine is connected, but nothing on this port gave an answer that can be passed on.";
    case ErrorCode::kMachineUnavailable:
      return "The machine is not connected.";
    case ErrorCode::kMachineStarting:
      return "The machine is starting.";
    case ErrorCode::kOverloaded:
      return "There is more to do here than can be taken on; what runs already goes on.";
    case ErrorCode::kOriginTimeout:
      return "The machine is connected, but this port did not answer in time.";
    case ErrorCode::kRequestTimeout:
      return "The request did not come in time.";
    case ErrorCode::kInvalidArgument:
      return "A value in the request is not valid.";
    case ErrorCode::kConflict:
      return "What is there already does not allow this.";
    case ErrorCode::kNotFound:
      return "There is nothing of this name.";
    default:
      return "Something went wrong on our side.";
  }
}

}  // namespace ingress::http
