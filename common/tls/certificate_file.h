// Reads one NAME.crt + NAME.key pair. Private to common/tls.
#pragma once

#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/tls/tls_context.h"

namespace ingress::tls {

// The pair whose certificate chain is in `crt_path` and whose private key lies beside it in NAME.key, put into
// `context`, with its names and end date. kInvalidArgument where a file is no regular one or cannot be read, or
// the two do not belong together.
Result<Certificate> load_certificate(const std::string& crt_path, std::shared_ptr<ssl_ctx_st> context);

// The *.crt files of a folder in the order of their names; kIo where the folder cannot be read.
Result<std::vector<std::string>> list_certificates(const std::string& folder);

}  // namespace ingress::tls
