// NAME.crt and NAME.key in --tls-dir, as the broker writes them itself. Both are written beside what is there, then put
// in place whole, the key first; a server that looks in between keeps the pair that it had. The first line of such a
// .crt says whose it is, so that no certificate of the operator's is ever replaced.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/tls/certificate_pair.h"

namespace ingress::broker::acme {

// kNone: there is no such file.
enum class Source : uint8_t { kNone, kFile, kAcme, kPlaceholder };
std::string_view name_of(Source source);

Source source_of(const std::string& crt_path);

// "" where a pair of the broker's may have that path, else a sentence: the file there is the operator's.
std::string place_problem(const std::string& crt_path);

// The pair that a program has left, if it is one, serves all of `names` and has not ended at `now` (Unix seconds). A
// sentence where not.
tl::expected<tls::Certificate, std::string> issued_pair(const std::string& crt_path,
                                                        const std::vector<std::string>& names, int64_t now);

// Whether the broker's pair at that path is of the same certificate, and whole.
bool is_installed(const tls::Certificate& issued, const std::string& crt_path);

// Copies such a pair into `folder`. A sentence where it is none, cannot be written, or where the file there is the
// operator's; what was there is there still.
tl::expected<tls::Certificate, std::string> install_pair(const std::string& from_crt_path, const std::string& folder,
                                                         const std::string& file_name,
                                                         const std::vector<std::string>& names, int64_t now);

// With nothing in `folder` to serve: a certificate that it signed itself, until a real one takes its place.
tl::expected<void, std::string> install_placeholder(const std::string& folder, const std::string& file_name,
                                                    const std::vector<std::string>& names);

// Puts `text` in place of the file at once (0600), on the disk before it has the name. False where that fails; errno
// says why.
bool replace_file(const std::string& path, std::string_view text);

}  // namespace ingress::broker::acme
